"""The one service that both shells call."""
