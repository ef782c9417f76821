"""Runs programs that a model has written, in a process that can do nothing but compute and print."""
