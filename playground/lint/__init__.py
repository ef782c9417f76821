"""Quiet advice on a prompt that would run but could be better."""
