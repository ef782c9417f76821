"""The llama.cpp engine: a child process that answers many requests at once, and the parent's end of the pipe.

    client.py, process.py (parent) ⇐ protocol.py, one JSON object a line ⇒ worker.py (child) → shelf.py → scheduler.py → model.py

`client.py`, `process.py`, `findings.py` and `cores.py` run in the parent, the rest in the child; nothing the child
imports needs pydantic or a web framework, so that it starts in a third of a second and stays small.
"""
