"""Words that are read and that the source does not show as such: they stand where names stand, too."""

WORDS: tuple[str, ...] = ()
