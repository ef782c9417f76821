"""Prompt Playground: compare prompts side by side on real models."""

__version__ = "0.7.0"
