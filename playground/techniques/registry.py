"""The registry: one row a technique; other packages add theirs in the entry-point group `playground.techniques`."""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches
from functools import cache
from importlib.metadata import entry_points

from playground.errors import NotFoundError, SettingsError
from playground.techniques.base import StepPrompt
from playground.techniques.chains import chain_steps
from playground.techniques.technique import Need, Technique
from playground.types.prompt import TechniqueChoice

SINGLE = "single"
"""The prompt as it is: what a column does without a technique."""

_HERE = "playground.techniques."
_LIB = "techniques/"


def _step(slug: str, *needs: str, may: tuple[str, ...] = ()) -> StepPrompt:
    """A step that is called as its library file."""
    return StepPrompt(slug.partition("/")[2], f"{_LIB}{slug}", needs, may)


_DATASET: frozenset[Need] = frozenset({"dataset"})
_COT = (
    _step("chain-of-thought/zero-shot", "question"),
    _step("chain-of-thought/few-shot", "question", "examples"),
)

TECHNIQUES: dict[str, Technique] = {
    SINGLE: Technique(
        f"{_HERE}single:single", "The prompt as it is", "提示词原样", "one call, nothing added", max_calls=1
    ),
    "zero-shot": Technique(
        f"{_HERE}single_call:zero_shot",
        "Zero-shot",
        "零样本",
        "one clear instruction and the input",
        (_step("zero-shot/instruct", "instruction", "text"),),
    ),
    "few-shot": Technique(
        f"{_HERE}few_shot:few_shot",
        "Few-shot",
        "少样本",
        "solved cases before the new one",
        (_step("few-shot/as-turns", "examples", "input"), _step("few-shot/as-text", "examples", "input")),
        needs=_DATASET,
    ),
    "chain-of-thought": Technique(
        f"{_HERE}chain_of_thought:chain_of_thought",
        "Chain of thought",
        "思维链",
        "steps first, the answer last",
        _COT,
    ),
    "auto-chain-of-thought": Technique(
        f"{_HERE}chain_of_thought:auto_chain_of_thought",
        "Automatic chain of thought",
        "自动思维链",
        "works out one case of each kind and shows these",
        (_step("chain-of-thought/auto-rationale", "question"), *_COT),
        needs=_DATASET,
    ),
    "meta-prompting": Technique(
        f"{_HERE}single_call:meta_prompting",
        "Meta prompting",
        "元提示",
        "the layout of a solution, to be filled in",
        (_step("meta-prompting/scaffold", "problem"),),
    ),
    "self-consistency": Technique(
        f"{_HERE}self_consistency:self_consistency",
        "Self-consistency",
        "自洽",
        "several ways to the answer, and the answer of most",
        (_step("self-consistency/sample", "question"),),
        max_calls=100,
    ),
    "generated-knowledge": Technique(
        f"{_HERE}generated_knowledge:generated_knowledge",
        "Generated knowledge",
        "生成知识",
        "statements first, an answer from each, the surest counts",
        (
            _step("generated-knowledge/knowledge", "question"),
            _step("generated-knowledge/answer", "question", "knowledge"),
        ),
    ),
    "prompt-chaining": Technique(
        f"{_HERE}prompt_chaining:prompt_chaining",
        "Prompt chaining",
        "提示链",
        "one prompt after the other, each sees what came before",
        steps_of=lambda options: chain_steps(options["chain"]),
    ),
    "tree-of-thoughts": Technique(
        f"{_HERE}tree_of_thoughts:tree_of_thoughts",
        "Tree of thoughts",
        "思维树",
        "proposes steps, values them and goes on from the best",
        (
            _step("tree-of-thoughts/propose", "problem", "state", may=("count",)),
            _step("tree-of-thoughts/value", "problem", "state"),
            _step("tree-of-thoughts/answer", "problem", "state"),
        ),
    ),
    "retrieval-augmented-generation": Technique(
        f"{_HERE}retrieval:retrieval_augmented_generation",
        "Retrieval augmented generation",
        "检索增强生成",
        "passages that fit, and an answer that cites them",
        (_step("retrieval-augmented-generation/answer", "passages", "question"),),
        needs=frozenset({"documents"}),
    ),
    "art": Technique(
        f"{_HERE}art:art",
        "ART: reasoning and tools",
        "ART：推理与工具",
        "a program after solved ones, paused at each tool call",
        (_step("art/program", "tools", "examples", "task", "progress"),),
    ),
    "react": Technique(
        f"{_HERE}react:react",
        "ReAct",
        "ReAct：推理与行动",
        "a thought, an action, what came of it, and so on",
        (_step("react/step", "tools", "question", "trace"),),
    ),
    "automatic-prompt-engineer": Technique(
        f"{_HERE}automatic_prompt_engineer:automatic_prompt_engineer",
        "Automatic prompt engineer",
        "自动提示工程",
        "guesses instructions from solved cases and scores them",
        (
            _step("automatic-prompt-engineer/propose", "examples"),
            _step("automatic-prompt-engineer/resample", "instruction"),
            StepPrompt("apply", f"{_LIB}zero-shot/instruct", ("instruction", "text")),
        ),
        needs=_DATASET,
        max_calls=400,
    ),
    "active-prompt": Technique(
        f"{_HERE}active_prompt:active_prompt",
        "Active-prompt",
        "主动提示",
        "finds the cases that are most worth annotating",
        (_step("active-prompt/answer", "question", may=("examples",)),),
        needs=_DATASET,
        max_calls=400,
    ),
    "directional-stimulus": Technique(
        f"{_HERE}directional_stimulus:directional_stimulus",
        "Directional stimulus",
        "方向性刺激",
        "keywords first, then an answer that holds them",
        (_step("directional-stimulus/hint", "text"), _step("directional-stimulus/answer", "text", "hint")),
    ),
    "pal": Technique(
        f"{_HERE}pal:pal",
        "PAL",
        "PAL 程序辅助",
        "writes a program; what it prints is the answer",
        (
            StepPrompt("program", f"{_LIB}pal/program", ("question",)),
            StepPrompt("again", f"{_LIB}pal/again", ("question", "program", "observation")),
        ),
        needs=frozenset({"sandbox"}),
    ),
    "reflexion": Technique(
        f"{_HERE}reflexion:reflexion",
        "Reflexion",
        "反思",
        "tries, learns a lesson from what failed, tries again",
        (
            _step("reflexion/act", "task", "lessons"),
            _step("reflexion/evaluate", "task", "result"),
            _step("reflexion/reflect", "task", "result", may=("feedback",)),
        ),
    ),
    "multimodal-chain-of-thought": Technique(
        f"{_HERE}multimodal:multimodal_chain_of_thought",
        "Multimodal chain of thought",
        "多模态思维链",
        "what in the picture matters, then the answer",
        (
            _step("multimodal-chain-of-thought/rationale", "question", may=("picture",)),
            _step("multimodal-chain-of-thought/answer", "question", "rationale", may=("picture",)),
        ),
        needs=frozenset({"vision"}),
    ),
    "graph-prompting": Technique(
        f"{_HERE}graph_prompting:graph_prompting",
        "Graph prompting",
        "图提示",
        "a graph as text, in one of three ways",
        tuple(
            _step(f"graph-prompting/{name}", "edges", "question", may=("relation",))
            for name in ("adjacency", "incident", "sentences")
        ),
    ),
    "say-it-twice": Technique(
        f"{_HERE}single_call:say_it_twice",
        "Say it twice",
        "重复提问",
        "the question, repeated",
        (_step("say-it-twice/repeat", "question"),),
        is_in_guide=False,
    ),
    "re-reading": Technique(
        f"{_HERE}single_call:re_reading",
        "Re-reading",
        "重读问题",
        "the question, and the order to read it again",
        (_step("re-reading/reread", "question"),),
        is_in_guide=False,
    ),
    "function-calling": Technique(
        f"{_HERE}function_calling:function_calling",
        "Function calling",
        "函数调用",
        "calls of functions as JSON, held to their schemas",
        (_step("function-calling/step", "tools", "question", "trace"),),
        is_in_guide=False,
    ),
    "best-of-n": Technique(
        f"{_HERE}best_of_n:best_of_n",
        "Best of n",
        "n 选一",
        "several answers, the one with the best score counts",
        (_step("best-of-n/judge", "task", "answer"),),
        is_in_guide=False,
        max_calls=200,
    ),
    "least-to-most": Technique(
        f"{_HERE}least_to_most:least_to_most",
        "Least to most",
        "由易到难",
        "smaller questions first, each answered with those before it",
        (
            _step("least-to-most/decompose", "question", may=("count",)),
            _step("least-to-most/solve", "part", may=("question", "so_far")),
        ),
        is_in_guide=False,
    ),
    "chain-of-verification": Technique(
        f"{_HERE}chain_of_verification:chain_of_verification",
        "Chain of verification",
        "验证链",
        "checks its own answer with questions that do not see it",
        (
            _step("chain-of-verification/plan", "answer", may=("question", "count")),
            _step("chain-of-verification/verify", "question"),
            _step("chain-of-verification/revise", "question", "answer", "checks"),
        ),
        is_in_guide=False,
    ),
    "mixture-of-agents": Technique(
        f"{_HERE}mixture_of_agents:mixture_of_agents",
        "Mixture of agents",
        "多模型混合",
        "several answers, put together by one model",
        (_step("mixture-of-agents/combine", "question", "answers"),),
        is_in_guide=False,
    ),
}


def rows() -> dict[str, Technique]:
    """`TECHNIQUES` and what other packages register; a name of ours stays ours."""
    return _registered() | TECHNIQUES


@cache
def _registered() -> dict[str, Technique]:
    found = {}
    for point in entry_points(group="playground.techniques"):
        row = point.load()
        if not isinstance(row, Technique):
            raise SettingsError(
                f'The technique "{point.name}" of another package is no `Technique`.',
                f"Ask who made {point.value.partition(':')[0]} for a newer one, or uninstall it.",
            )
        found[point.name] = replace(row, is_in_guide=False)
    return found


def technique_of(name: str) -> Technique:
    """The row of that name; raises NotFoundError with the nearest one."""
    table = rows()
    if name in table:
        return table[name]
    near = get_close_matches(name.casefold().replace(" ", "-").replace("_", "-"), table, n=1)
    known = f'Do you mean "{near[0]}"?' if near else f"Techniques: {', '.join(table)}."
    raise NotFoundError(f'There is no technique "{name[:60]}".', known)


def plain_or(choice: TechniqueChoice | None) -> TechniqueChoice | None:
    """The choice; None where it is the prompt as it is, told nothing."""
    if choice is not None and choice.name == SINGLE and not choice.options and not choice.prompts:
        return None
    return choice
