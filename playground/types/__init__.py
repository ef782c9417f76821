"""The values that travel between the parts: frozen, without behaviour."""
