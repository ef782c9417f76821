"""Runs: planned, executed cell by cell, kept while they go on."""
