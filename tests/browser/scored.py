"""A prompt with two cases and a check of what each of them expects; and the page's form, as Python would get it."""

from __future__ import annotations

CASES = [{"word": "one", "expected": "Say one"}, {"word": "two", "expected": "Say 2"}]
SCORED = {
    "inputs": [{"name": "word", "example": "hello"}],
    "cases": CASES,
    "checks": [{"scorer": "equals", "options": {"text": "{{ expected }}"}}],
}
FORM = "async () => { const { page } = await import('/playground/store.js'); return page.form; }"
