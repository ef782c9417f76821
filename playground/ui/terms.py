"""One sentence for each term that has no plain name: what stands behind its "?", in Python's markup and in the page's own.

about("mmproj")  →  <button class="about" aria-label="What is mmproj?" …>?</button>
"""

from __future__ import annotations

from markupsafe import Markup

TERMS: dict[str, str] = {
    # sampling
    "Temperature": "How freely the next word is chosen: 0 always takes the likeliest, higher values dare more.",
    "Top-p": "Only the likeliest words are drawn from that together reach this share of probability; 1 leaves all of them in.",
    "Top-k": "Only this many of the likeliest words are drawn from; 0 leaves all of them in.",
    "Min-p": "Words are left out that are less likely than this fraction of the likeliest one; 0 leaves all of them in.",
    "Repetition penalty": "Words that stand there already become less likely the higher this is above 1.",
    "Presence penalty": "A word that has occurred at all becomes less likely, however often it did.",
    "Frequency penalty": "A word becomes less likely with every time it has occurred.",
    "Seed": "The number that the draw begins with: the same seed and settings give the same answer again.",
    "Max tokens": "The answer ends after so many tokens, finished or not; a token is a word or a piece of one.",
    "Stop texts": "The answer ends where it would write one of these texts.",
    "Keep token probabilities": "Of each piece of the answer it is kept how sure the model was, and what it nearly wrote instead.",
    # checks
    "example only": "The check belongs to the prompt's example values: with values of your own it says nothing.",
    "Schema": "A description in JSON of which fields the answer has and what they hold.",
    "Allow fence": "A fence is a line of three backticks before and after code; with it the answer passes too.",
    "Pattern": "Letters stand for themselves, a dot for any character, \\d for any digit, and + for one or more of what is before.",
    "Tolerance": "How far the number may be away from the expected one.",
    "At least": "The similarity from which on the check passes, from 0 to 1.",
    "Which": "Which number of the answer counts where there are several.",
    # models
    "mmproj": "The part of a model that turns pictures into what the model reads; without its file it sees none.",
    "GGUF": "A file format for models that run on your own computer.",
    "quantisation": "The model's numbers are kept in fewer bits: smaller and faster, and a little less exact.",
}


def about(term: str) -> Markup:
    """A "?" that opens the term's sentence with pointer, finger or key; nothing for a term that needs none."""
    if term not in TERMS:
        return Markup("")
    return Markup(
        '<button type="button" class="about" data-text="{}" aria-label="What is {}?" title="{}">?</button>'
    ).format(TERMS[term], term, TERMS[term])
