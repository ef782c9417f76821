"""Prompting techniques as programs: one file per technique, one row each in `registry.TECHNIQUES`."""
