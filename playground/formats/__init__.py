"""Interchange formats: one file per format, each with a row in registry.py."""
