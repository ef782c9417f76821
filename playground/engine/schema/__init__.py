"""JSON schemas for the engine: the part that llguidance holds while an answer is written, and the names of the rest.

Read `held.py` first. `numbers.py` and `patterns.py` say what numbers and regular expressions may be, `unions.py` when a `oneOf`
is an `anyOf`, `finite.py` whether there is an answer that ends at all, `shapes.py` what is no schema.
"""
