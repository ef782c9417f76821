"""The llama.cpp engine: a child process that answers many requests at once, and the parent's end of the pipe.

    client.py (parent) ⇐ protocol.py, one JSON object a line ⇒ worker.py (child) → scheduler.py → model.py

Only `worker.py`, `scheduler.py`, `model.py`, `vocabulary.py`, `sampler.py` and `probe.py` run in the child; nothing the child
imports needs pydantic or a web framework, so that it starts in a third of a second and stays small.
"""
