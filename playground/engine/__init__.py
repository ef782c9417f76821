"""The llama.cpp engine: a child process that answers many requests at once, and the parent's end of the pipe.

    client.py, process.py (parent) ⇐ protocol.py, one JSON object a line ⇒ worker.py (child) → shelf.py → the schedulers

To understand how answers are made, read `scheduler.py` (the loop: many answers in one call), then `rules.py` and `calls.py`
(how, without changing a bit), then `prefix_tree.py` (what they share), then `sampler.py` (from logits to a token). `one_seat.py`
is the same loop for answers that company would change. `job.py` is a request on its way, `tasks.py` what is no answer
(embeddings, scores), `context.py` and `model.py` are llama.cpp.

`client.py`, `process.py`, `findings.py` and `cores.py` run in the parent, the rest in the child; nothing the child
imports needs pydantic or a web framework, so that it starts in a third of a second and stays small.
"""
