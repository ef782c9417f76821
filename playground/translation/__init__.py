"""What a person reads, in the person's language: the source is English, `zh.po` holds the Chinese.

extract      →  the messages of the source, into the catalogue (`python -m playground.translation update`)
shown        →  a sentence as it is shown: exact, by its template, or piece by piece

Logs, the database and files between programs stay English; only what is shown is translated, where it is shown.
"""
