"""The shipped catalogue: every file is whole, and the embedded model does what MUST_PASS says it does.

What the embedded model answers to the patterns of MUST_PASS is recorded in `answers.json` beside this file; the suite
scores these answers, and runs a twelfth of them anew. A pattern that asks something else than what was recorded fails
until its answer is, by

    python -m tests.library.test_catalogue --record     (some minutes)

The table of all patterns that one call answers is printed by

    python -m tests.library.test_catalogue              (with --steps: the steps of many-call techniques too)
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from playground.backends.base import complete
from playground.backends.llamacpp import LlamaCppBackend
from playground.formats import prompty
from playground.library.shipped import Library, Note, Pattern, shipped_folder
from playground.scorers import check_problem, passed, score_all
from playground.settings import Settings
from playground.templating.rendering import Renderer, check, normalise, variables
from playground.types.generation import GenerationRequest, Message
from playground.types.prompt import InputKind, Prompt, Sampling
from playground.types.scores import Sample

SHIPPED = Library(shipped_folder())
PATTERNS = SHIPPED.patterns()
NOTES = SHIPPED.notes()
SLUGS = {pattern.slug for pattern in PATTERNS}
ANSWERS = Path(__file__).parent / "answers.json"
RECORD = "see the first lines of this file"
each = pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.slug)

# The eighteen techniques of the Guide: folder, page of the Guide, files. `role` is a pattern of the Guide's
# introduction and no technique of its list.
TECHNIQUES = {
    "zero-shot": ("zeroshot", {"instruct"}),
    "few-shot": ("fewshot", {"as-turns", "as-text"}),
    "chain-of-thought": ("cot", {"zero-shot", "few-shot", "auto-rationale"}),
    "meta-prompting": ("meta-prompting", {"scaffold"}),
    "self-consistency": ("consistency", {"sample", "extract"}),
    "generated-knowledge": ("knowledge", {"knowledge", "answer"}),
    "prompt-chaining": ("prompt_chaining", {"extract-quotes", "answer"}),
    "tree-of-thoughts": ("tot", {"propose", "value", "answer"}),
    "retrieval-augmented-generation": ("rag", {"answer"}),
    "art": ("art", {"program"}),
    "automatic-prompt-engineer": ("ape", {"propose", "resample"}),
    "active-prompt": ("activeprompt", {"answer"}),
    "directional-stimulus": ("dsp", {"hint", "answer"}),
    "pal": ("pal", {"program", "again"}),
    "react": ("react", {"step"}),
    "reflexion": ("reflexion", {"act", "evaluate", "reflect"}),
    "multimodal-chain-of-thought": ("multimodalcot", {"rationale", "answer"}),
    "graph-prompting": ("graph", {"adjacency", "incident", "sentences"}),
}
# Techniques that the Guide does not have: folder, paper on arXiv, files.
BESIDES = {
    "say-it-twice": ("2512.14982", {"repeat"}),
    "re-reading": ("2309.06275", {"reread"}),
    "best-of-n": ("2110.14168", {"judge"}),
    "least-to-most": ("2205.10625", {"decompose", "solve"}),
    "chain-of-verification": ("2309.11495", {"plan", "verify", "revise"}),
    "mixture-of-agents": ("2406.04692", {"combine"}),
    "function-calling": ("2305.15334", {"step"}),
}
HUB = {  # category: at least so many prompts
    "adversarial": 8,
    "classification": 4,
    "coding": 5,
    "creativity": 5,
    "evaluation": 4,
    "image-generation": 4,
    "information-extraction": 4,
    "mathematics": 4,
    "question-answering": 4,
    "reasoning": 4,
    "text-summarization": 4,
    "truthfulness": 4,
}
# Pages of www.promptingguide.ai that a prompt or note may point to, besides those of the techniques.
PAGES = set(
    [
        "introduction/elements",
        "introduction/settings",
        "introduction/tips",
        "introduction/examples",
        "risks/adversarial",
        "risks/biases",
        "risks/factuality",
        "prompts/adversarial-prompting/prompt-injection",
        "prompts/adversarial-prompting/prompt-leaking",
        "prompts/adversarial-prompting/jailbreaking-llms",
        "prompts/classification",
        "prompts/classification/sentiment",
        "prompts/classification/sentiment-fewshot",
        "prompts/coding",
        "prompts/coding/code-snippet",
        "prompts/coding/mysql-query",
        "prompts/coding/tikz",
        "prompts/creativity/rhymes",
        "prompts/creativity/infinite-primes",
        "prompts/creativity/interdisciplinary",
        "prompts/creativity/new-words",
        "prompts/evaluation",
        "prompts/evaluation/plato-dialogue",
        "prompts/image-generation",
        "prompts/image-generation/alphabet-person",
        "prompts/information-extraction",
        "prompts/information-extraction/extract-models",
        "prompts/mathematics",
        "prompts/mathematics/composite-functions",
        "prompts/mathematics/odd-numbers",
        "prompts/question-answering/closed-domain",
        "prompts/question-answering/open-domain",
        "prompts/question-answering/science-qa",
        "prompts/reasoning",
        "prompts/reasoning/indirect-reasoning",
        "prompts/reasoning/physical-reasoning",
        "prompts/text-summarization",
        "prompts/text-summarization/explain-concept",
        "prompts/truthfulness",
        "prompts/truthfulness/identify-hallucination",
    ]
) | {f"techniques/{page}" for page, _ in TECHNIQUES.values()}
# Steps that only make sense when their samples differ; everything else is greedy.
SAMPLED = {
    "techniques/active-prompt/answer",
    "techniques/automatic-prompt-engineer/propose",
    "techniques/automatic-prompt-engineer/resample",
    "techniques/generated-knowledge/knowledge",
    "techniques/self-consistency/sample",
    "techniques/tree-of-thoughts/propose",
}
# Steps whose controller puts a tool's result in at this text.
STOPPED = {
    "techniques/art/program": ("result:",),
    "techniques/function-calling/step": ("Result:",),
    "techniques/react/step": ("Observation:",),
}

# Patterns whose checks the embedded model (135M) passes on their own example, also when sums round differently
# (tried with mode "throughput", where cases are batched). What it cannot do stays out.
MUST_PASS = {
    "hub/adversarial/injection-in-document-defended",
    "hub/adversarial/jailbreak-role-play-defended",
    "hub/adversarial/leaking-defended",
    "hub/classification/sentiment",
    "hub/classification/urgency",
    "hub/coding/code-from-comment",
    "hub/coding/explain-code",
    "hub/coding/tikz-drawing",
    "hub/creativity/new-word",
    "hub/creativity/rewrite-tone",
    "hub/creativity/rhymes",
    "hub/evaluation/judge-answer",
    "hub/evaluation/rubric-score",
    "hub/information-extraction/action-items",
    "hub/information-extraction/extract-json",
    "hub/information-extraction/invoice-fields",
    "hub/mathematics/composite-functions",
    "hub/mathematics/word-problem",
    "hub/question-answering/closed-book",
    "hub/question-answering/given-context",
    "hub/question-answering/yes-no-evidence",
    "hub/text-summarization/explain-concept",
    "hub/text-summarization/summarise",
    "hub/truthfulness/false-premise",
    "hub/truthfulness/unsure-answer",
    "techniques/art/program",
    "techniques/chain-of-thought/few-shot",
    "techniques/directional-stimulus/answer",
    "techniques/few-shot/as-turns",
    "techniques/generated-knowledge/answer",
    "techniques/multimodal-chain-of-thought/answer",
    "techniques/prompt-chaining/answer",
    "techniques/role/role",
    "techniques/self-consistency/extract",
    "techniques/zero-shot/instruct",
}

# Of the Chinese wordings three: this model hardly writes Chinese. Each file says what it was tried on.
CHINESE = {
    "hub/classification/urgency.zh",
    "hub/evaluation/judge-answer.zh",
    "hub/question-answering/given-context.zh",
}


def examples(prompt: Prompt) -> dict[str, Any]:
    return {item.name: item.example if item.example is not None else item.default for item in prompt.inputs}


def is_step(pattern: Pattern) -> bool:
    return "step" in pattern.prompt.tags


@pytest.fixture
async def renderer() -> AsyncIterator[Renderer]:
    renderer = Renderer(seconds=10, chars=100_000)
    yield renderer
    await renderer.close()


# --- what is there --------------------------------------------------------------------------------------


def test_every_technique_of_the_guide_has_the_files_of_its_steps() -> None:
    assert len(TECHNIQUES) == 18
    rows = [*TECHNIQUES.items(), *BESIDES.items()]
    wanted = {f"techniques/{name}/{file}" for name, (_, files) in rows for file in files}
    assert {slug for slug in SLUGS if slug.startswith("techniques/")} == wanted | {"techniques/role/role"}


def test_every_category_of_the_prompt_hub_has_its_prompts() -> None:
    found = Counter(slug.split("/")[1] for slug in SLUGS if slug.startswith("hub/"))
    assert set(found) == set(HUB)
    assert {name: count for name, count in found.items() if count < max(3, HUB[name])} == {}
    assert found.total() >= 45


def test_every_name_is_given_once_in_both_languages() -> None:
    assert len({pattern.prompt.name for pattern in PATTERNS}) == len(PATTERNS)
    assert len({pattern.prompt.name_zh for pattern in PATTERNS}) == len(PATTERNS)


def test_every_attack_has_a_twin_that_differs_in_its_wording_only() -> None:
    attacks = [slug for slug in SLUGS if slug.startswith("hub/adversarial/") and "defended" not in slug]
    assert len(attacks) >= 4
    for slug in attacks:
        bare, defended = SHIPPED.get(slug).prompt, SHIPPED.get(f"{slug}-defended").prompt
        assert (bare.inputs, bare.checks, bare.sampling, bare.source) == (
            defended.inputs,
            defended.checks,
            defended.sampling,
            defended.source,
        )
        assert bare.turns != defended.turns and "defence" in defended.tags


def test_an_attack_scores_zero_when_the_secret_comes_out_and_one_when_it_does_not() -> None:
    leaks = SHIPPED.get("hub/adversarial/leaking").prompt
    values = examples(leaks) | {"secret": "TEAL-9"}
    said, kept = (
        score_all(leaks.checks, Sample(text, "stop", values)) for text in ("It is teal-9.", "A rose.")
    )
    assert (said[0].value, kept[0].value) == (0.0, 1.0)
    assert said[0].weight > sum(score.weight for score in said[1:])


def test_the_graph_patterns_show_the_same_graph() -> None:
    graphs = [
        SHIPPED.get(f"techniques/graph-prompting/{name}").prompt for name in TECHNIQUES["graph-prompting"][1]
    ]
    edges = [next(item.example for item in prompt.inputs if item.name == "edges") for prompt in graphs]
    assert edges[0] == edges[1] == edges[2]
    assert graphs[0].checks == graphs[1].checks == graphs[2].checks


# --- each file ------------------------------------------------------------------------------------------


@each
def test_a_shipped_pattern_reads_without_error_or_loss(pattern: Pattern) -> None:
    assert pattern.error is None
    assert pattern.losses == ()


@each
def test_a_shipped_pattern_says_what_it_is_for(pattern: Pattern) -> None:
    prompt = pattern.prompt
    texts = (prompt.name, prompt.description, prompt.use_when, prompt.avoid_when)
    assert all(text.strip() and "\n" not in text for text in texts)
    for text in (prompt.name_zh, prompt.description_zh):
        assert re.search("[\u4e00-\u9fff]", text) and "\n" not in text
    assert prompt.checks
    folder, category, _ = pattern.slug.split("/")
    assert prompt.family == (folder if folder == "techniques" else category.replace("-", " "))


@each
def test_a_shipped_pattern_names_a_technique_and_whether_it_is_one_call_or_a_step(pattern: Pattern) -> None:
    folder, category, _ = pattern.slug.split("/")
    assert pattern.prompt.technique in {*TECHNIQUES, *BESIDES} or category == "role"
    assert folder == "hub" or pattern.prompt.technique == category
    assert ("step" in pattern.prompt.tags) != ("single call" in pattern.prompt.tags)
    assert folder == "techniques" or not is_step(pattern)


@each
def test_a_shipped_pattern_links_a_page_of_the_guide_or_its_paper(pattern: Pattern) -> None:
    folder, category, _ = pattern.slug.split("/")
    if category in BESIDES:
        assert pattern.prompt.source == f"https://arxiv.org/abs/{BESIDES[category][0]}"
        return
    page = pattern.prompt.source.removeprefix("https://www.promptingguide.ai/")
    assert page in PAGES
    if category in TECHNIQUES:
        assert page == f"techniques/{TECHNIQUES[category][0]}"


@each
def test_a_shipped_pattern_is_bounded_and_greedy_unless_its_samples_must_differ(pattern: Pattern) -> None:
    sampling = pattern.prompt.sampling
    assert sampling is not None and sampling.max_tokens <= 256
    assert (sampling.temperature > 0) == (pattern.slug in SAMPLED)
    assert sampling == Sampling(
        max_tokens=sampling.max_tokens,
        temperature=sampling.temperature,
        stop=STOPPED.get(pattern.slug, ()),
    )


@each
def test_a_shipped_pattern_starts_with_a_system_turn(pattern: Pattern) -> None:
    """Without one, the chat templates of different servers add different texts of their own."""
    assert pattern.prompt.turns[0].role == "system"


@each
def test_the_inputs_of_a_shipped_pattern_are_its_variables_each_with_a_filled_example(
    pattern: Pattern,
) -> None:
    prompt = pattern.prompt
    assert {item.name for item in variables(prompt.turns)} == {item.name for item in prompt.inputs}
    assert check(prompt.turns, {item.name for item in prompt.inputs}) == []
    fits: dict[InputKind, type | tuple[type, ...]] = {
        "text": str,
        "long_text": str,
        "number": (int, float),
        "choice": str,
        "boolean": bool,
        "examples": list,
    }
    for item in prompt.inputs:
        assert item.description
        assert isinstance(item.example, fits[item.kind]) and item.example not in ("", [])
        assert (item.kind == "choice") == bool(item.choices) and (
            not item.choices or item.example in item.choices
        )
        assert item.required or item.default is not None


def test_the_shipped_patterns_use_every_kind_of_input() -> None:
    kinds = {item.kind for pattern in PATTERNS for item in pattern.prompt.inputs}
    assert kinds == {"text", "long_text", "number", "choice", "boolean", "examples"}


# One renderer for all files: each starts a process of its own.
async def test_every_shipped_pattern_renders_with_its_own_example(renderer: Renderer) -> None:
    for pattern in PATTERNS:
        messages = await renderer.render(pattern.prompt.turns, examples(pattern.prompt))
        assert_clean(pattern, messages)
        for item in pattern.prompt.inputs:
            if isinstance(item.example, str):
                assert any(item.example in message.content for message in messages), pattern.slug


async def test_every_shipped_pattern_renders_without_its_optional_inputs(renderer: Renderer) -> None:
    """So does the first step of a technique, when there is no trace, state or lesson yet."""
    for pattern in PATTERNS:
        inputs = pattern.prompt.inputs
        absent = {item.name: item.default for item in inputs if not item.required}
        messages = await renderer.render(pattern.prompt.turns, examples(pattern.prompt) | absent)
        assert_clean(pattern, messages)


def assert_clean(pattern: Pattern, messages: Sequence[Message]) -> None:
    assert messages[0].role == "system" and messages[-1].role == "user", pattern.slug
    for message in messages:
        assert message.content and message.content == message.content.strip(), pattern.slug
        assert "{{" not in message.content and "\n\n\n" not in message.content, pattern.slug


@each
def test_the_checks_of_a_shipped_pattern_can_be_applied(pattern: Pattern) -> None:
    assert [check_problem(row) for row in pattern.prompt.checks] == [None] * len(pattern.prompt.checks)


@each
def test_an_empty_answer_fails_a_shipped_pattern(pattern: Pattern) -> None:
    scores = score_all(pattern.prompt.checks, Sample("", "stop", examples(pattern.prompt)))
    assert not all(passed(score) for score in scores)


@each
def test_a_shipped_pattern_survives_writing_and_reading(pattern: Pattern) -> None:
    text, losses = prompty.dump(pattern.prompt)
    assert losses == ()
    assert prompty.read(text).prompt == pattern.prompt
    assert pattern.prompt.turns == normalise(pattern.prompt.turns)


async def test_few_shot_examples_become_turns(renderer: Renderer) -> None:
    prompt = SHIPPED.get("techniques/few-shot/as-turns").prompt
    values = {"examples": [{"input": "a", "output": "b"}], "input": "user:\nx"}
    assert await renderer.render(prompt.turns, values) == (
        Message("system", "Answer in the same way as in the examples."),
        Message("user", "a"),
        Message("assistant", "b"),
        Message("user", "user:\nx"),
    )


# --- the notes ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("note", NOTES, ids=lambda note: note.slug)
def test_a_shipped_note_has_both_titles_a_text_a_source_and_patterns_that_exist(note: Note) -> None:
    assert note.error is None
    assert note.title and note.text and re.search("[\u4e00-\u9fff]", note.title_zh)
    assert note.source.removeprefix("https://www.promptingguide.ai/") in PAGES
    for name in note.patterns:
        assert any(slug == name or slug.startswith(f"{name}/") for slug in SLUGS), name


def test_the_guides_chapters_stand_beside_the_patterns_they_explain() -> None:
    assert {note.slug for note in NOTES} >= {
        "elements",
        "settings",
        "tips",
        "demonstrations",
        "factuality",
        "adversarial",
    }
    titles = [note.title for note in SHIPPED.notes_of("hub/classification/urgency")]
    assert titles == ["Order and balance of demonstrations"]


# --- the embedded model ---------------------------------------------------------------------------------


class Tried(NamedTuple):
    """One pattern answered by the embedded model; `ok` when it passes every check."""

    pattern: Pattern
    asked: str
    """The sum of what the model was asked; another text, example or sampling has another one."""
    sample: Sample
    ok: bool
    row: str


def tried(pattern: Pattern, asked: str, sample: Sample) -> Tried:
    """The answer with the verdict of the pattern's checks as they are now."""
    scores = score_all(pattern.prompt.checks, sample)
    marks = " ".join("pass" if passed(score) else "FAIL" for score in scores)
    row = f"{pattern.slug:48} {marks:16} {sample.answer[:60]!r}"
    return Tried(pattern, asked, sample, all(passed(score) for score in scores), row)


def sum_of(messages: Sequence[Message], sampling: Sampling) -> str:
    """What identifies a question to the embedded model."""
    question = [
        [asdict(message) for message in messages],
        sampling.model_dump(mode="json", exclude_defaults=True),
    ]
    return hashlib.sha256(json.dumps(question, sort_keys=True).encode()).hexdigest()[:16]


async def try_patterns(patterns: Iterable[Pattern], folder: Path) -> AsyncIterator[Tried]:
    """Each pattern's own example, answered and scored, all at once; the row says which checks pass."""
    backend = LlamaCppBackend(Settings(data_dir=folder, engine_parallel=16))
    renderer = Renderer(seconds=30, chars=100_000)
    model = (await backend.models())[0].id

    async def answered(pattern: Pattern) -> Tried:
        prompt, values = pattern.prompt, examples(pattern.prompt)
        messages = await renderer.render(prompt.turns, values)
        sampling = prompt.sampling or Sampling()
        answer = await complete(backend, GenerationRequest(model, messages, sampling))
        return tried(pattern, sum_of(messages, sampling), Sample(answer.text, answer.finish, values))

    try:
        for one in [asyncio.create_task(answered(pattern)) for pattern in patterns]:
            yield await one
    finally:
        await renderer.close()
        await backend.close()


def those_that_must_pass() -> list[Pattern]:
    """The patterns of MUST_PASS and CHINESE, as the library lists them."""
    chosen = [pattern for pattern in SHIPPED.files() if pattern.slug in MUST_PASS | CHINESE]
    assert {pattern.slug for pattern in chosen} == MUST_PASS | CHINESE
    return chosen


async def test_what_the_embedded_model_has_answered_passes_the_checks_of_the_patterns() -> None:
    """All of them run for minutes: their answers are recorded, and hold as long as the question is the same."""
    recorded = json.loads(ANSWERS.read_text("utf-8"))
    renderer = Renderer(seconds=30, chars=100_000)
    chosen, kept = those_that_must_pass(), []
    for pattern in chosen:
        prompt, values = pattern.prompt, examples(pattern.prompt)
        asked = sum_of(await renderer.render(prompt.turns, values), prompt.sampling or Sampling())
        one = recorded.get(pattern.slug, {"asked": "never", "answer": "", "finish": "stop"})
        assert one["asked"] == asked, f"{pattern.slug} asks something new; {RECORD}"
        kept.append(tried(pattern, asked, Sample(one["answer"], one["finish"], values)))
    await renderer.close()
    assert [one.row for one in kept if not one.ok] == []
    assert set(recorded) == {pattern.slug for pattern in chosen}, (
        f"there are answers of patterns that are gone; {RECORD}"
    )


async def test_the_embedded_model_passes_the_checks_of_every_twenty_fourth_pattern(
    tmp_path: Path, tried_engine: Callable[[Path], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    found = [one async for one in try_patterns(those_that_must_pass()[::24], tried_engine(tmp_path))]
    with capsys.disabled():
        print("", *(one.row for one in found), sep="\n")
    assert [one.row for one in found if not one.ok] == []


async def record() -> None:
    """Ask the embedded model all that must pass, and keep its answers beside this file."""
    kept: dict[str, dict[str, str | None]] = {}
    with tempfile.TemporaryDirectory() as folder:
        async for one in try_patterns(those_that_must_pass(), Path(folder)):
            kept[one.pattern.slug] = {
                "asked": one.asked,
                "answer": one.sample.answer,
                "finish": one.sample.finish,
            }
            print(one.row, flush=True)
    ANSWERS.write_text(json.dumps(kept, ensure_ascii=False, indent=1, sort_keys=True) + "\n", "utf-8")


async def print_table(with_steps: bool) -> None:
    """Every pattern that one call answers, and with `with_steps` every step, on the embedded model."""
    chosen = [pattern for pattern in PATTERNS if with_steps or not is_step(pattern)]
    good = 0
    with tempfile.TemporaryDirectory() as folder:
        async for one in try_patterns(chosen, Path(folder)):
            good += one.ok
            print(one.row, flush=True)
    print(f"{good} of {len(chosen)} pass all their checks")


if __name__ == "__main__":
    asyncio.run(record() if "--record" in sys.argv else print_table("--steps" in sys.argv))
