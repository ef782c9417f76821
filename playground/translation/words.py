"""Words that are read and that the source does not show as such: they stand where names stand, too."""

FAMILIES = (
    *("adversarial", "classification", "coding", "creativity", "evaluation", "image generation"),
    *("information extraction", "mathematics", "question answering", "reasoning", "techniques"),
    *("text summarization", "truthfulness"),
)
"""Families of the shipped patterns, as the Library lists them."""

TAGS = (
    *("agent", "annotation", "arithmetic", "basics", "business", "calibration", "citations", "common sense"),
    *(
        "comparison",
        "creative writing",
        "debugging",
        "defence",
        "demonstrations",
        "drawing",
        "encoding",
        "ensemble",
        "explanation",
    ),
    *(
        "extraction",
        "generation",
        "graph",
        "grounding",
        "headline",
        "ideas",
        "image",
        "injection",
        "jailbreak",
    ),
    *("json", "judge", "keywords", "knowledge", "latex", "leaking", "list", "logic", "meeting", "memory"),
    *("multiple choice", "optimisation", "poetry", "prompt writing", "research", "retrieval", "rewriting"),
    *("science", "search", "sentiment", "single call", "sql", "step", "structure", "summary", "support"),
    *("teaching", "test", "tone", "tools", "topic", "verification", "vision", "vocabulary", "voting"),
)
"""Their tags, those that are families too aside."""

KINDS = ("text", "long text", "number", "choice", "boolean", "examples", "object")
"""Kinds of inputs, as the preview of a prompt names them ("list" is a tag)."""

UNITS = ("words", "characters", "sentences", "lines")
"""What a length is counted in, as a choice in the form of the check."""

WORDS: tuple[str, ...] = (*FAMILIES, *TAGS, *KINDS, *UNITS)
