"""One file per revision, `NNNN_what_changed.py`, applied in order and never edited after a release."""
