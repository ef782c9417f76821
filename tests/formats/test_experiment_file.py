from __future__ import annotations

import pytest

from playground.errors import PromptError
from playground.formats.experiment_file import read_experiment, write_experiment
from playground.types.experiment import Cases, Experiment, ExperimentVariant, Limits, Rule
from playground.types.prompt import PRESETS, Check, Prompt, Sampling, TechniqueChoice, Turn

FILE = """
name: Does a worked example help?
prompt: Sentiment
model: llama.cpp:tiny
sampling: balanced
variants:
  A: {version: 5, baseline: true}
  B: {version: production}
  C: {technique: chain-of-thought}
  D: {technique: {name: self-consistency, samples: 5}, sampling: {temperature: 0.7, seed: null}}
cases: {dataset: reviews@3, half: held-out, limit: 60}
checks:
  - {scorer: equals, options: {text: "{{ expected }}"}}
rule: {margin: 0.05, looking: any time}
limits: {at_once: 4, stop_when_decided: true}
"""


def test_a_file_says_variants_cases_checks_and_the_rule() -> None:
    read = read_experiment(FILE)
    a, b, c, d = read.variants
    assert (a.prompt, b.prompt, c.prompt) == ("Sentiment@5", "Sentiment@production", "")
    assert read.rule == Rule(baseline="A", margin=0.05, looking="any time")
    assert c.technique == TechniqueChoice(name="chain-of-thought")
    assert d.technique == TechniqueChoice(name="self-consistency", options={"samples": 5})
    assert d.sampling == Sampling(temperature=0.7, seed=None)
    assert read.sampling == PRESETS["Balanced"]
    assert read.cases == Cases(dataset="reviews@3", half="held-out", limit=60)
    assert read.limits == Limits(at_once=4, stop_when_decided=True)


@pytest.mark.parametrize(
    "text",
    ["- x", "#c", "'q'", '"', "yes", "null", "1e3", "0x1f", "~", "  lead", "trail ", "two\nlines\n", "\ttab", "a\r\nb",
     "你好: 吗", "{{ x }}", "%tag", "&a", "*b", "!t", "|", "> f", "\u2028x", "\x85y", "2026-01-01", "12:30:00", "1_000",
     "\ufeffx", "---", "\x07bell"],
)  # fmt: skip
def test_text_that_yaml_would_take_for_something_else_reads_back_as_it_was(text: str) -> None:
    own = Prompt(name=text, turns=(Turn(role="system", template=text), Turn(role="user", template=text * 2)))
    experiment = Experiment(
        name=text,
        variants=(
            ExperimentVariant(name=text, prompt=own),
            ExperimentVariant(name="B", prompt=own, model=text),
        ),
        cases=Cases(rows=({"text": text, "n": 1.5, "list": [text, None, True]},)),
        checks=(Check(scorer="contains", options={"text": text}),),
        rule=Rule(baseline=text),
    )
    assert read_experiment(write_experiment(experiment)) == experiment


def test_what_is_written_reads_back_as_the_same_experiment() -> None:
    inline = Prompt(name="Own", turns=(Turn(role="user", template="{{ text }}\nIn one word:"),))
    odd = Experiment(
        name="yes: no # 'odd'",
        prompt=inline,
        variants=(
            ExperimentVariant(name="1", technique=TechniqueChoice(name="x", options={"name": "y"})),
            ExperimentVariant(name="B b", prompt=inline, thinking=True, sampling=Sampling(top_k=3)),
            ExperimentVariant(name="C", technique=TechniqueChoice(name="x", prompts={"s": "Fork@2"})),
        ),
        cases=Cases(rows=({"text": "a", "n": 1}, {"text": "–"})),
        repeats=3,
        checks=(),
        cache=False,
        twin=True,
    )
    for experiment in (odd, read_experiment(FILE)):
        assert read_experiment(write_experiment(experiment)) == experiment


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("variant: {A: {}}", 'unknown key "variant". Did you mean "variants"?'),
        ("variants: {A: {techniqe: x}}", 'in variants.A has an unknown key "techniqe". Did you mean "technique"?'),
        ("variants: {A: {}}\nrule: {baselin: A}", 'in rule has an unknown key "baselin". Did you mean "baseline"?'),
        ("variants: {A: {}}\ncases: {split: train}", 'in cases has an unknown key "split". Did you mean "half"?'),
        ("variants: {A: {}}\nsampling: {temp: 1}", 'in sampling has an unknown key "temp". Did you mean "temperature"?'),
        ("variants: {A: {}}\nchecks: [{scorr: json}]", 'unknown key "scorr". Did you mean "scorer"?'),
        ("variants: {A: {}}\nrule: {baseline: Z}", 'the baseline "Z" is no variant; they are A'),
        ("variants: {A: {}}\nlimits: {stop_when_decided: true}", 'only with the rule looking "any time"'),
        ("variants: {A: {baseline: true}, B: {baseline: true}}", "names two baselines: A, B"),
        ("variants: {A: {}}\nrepeats: 0", "repeats: this must be at least 1"),
        ("variants: {A: {}}\nsampling: Warm", 'there is no preset "Warm"'),
        ("variants: {A: {version: 3}}", "which has no name here"),
        ("cases: x", "x.yaml has no variants"),
        ("variants: [{name: A}, {name: B}]", "variants have no names. Name at least two, such as: variants: {A:"),
        ("variants: {A: , B: {sampling: 3}}", "x.yaml: variants.B.sampling: this needs an object"),
        ("variants: {A: {baseline: perhaps}}", "variants.A.baseline: this is true or false"),
        ("variants: {A: {version: 1.5}}\nprompt: P", "variants.A.version is neither the number of a version nor"),
        ("variants: {A: {prompt: {turns: [{role: user}]}}}", "variants.A.prompt.turns.0.template: this is missing"),
        ("variants: {A: {}}\nprompt: [a, b]", "prompt is a list. A prompt is a name"),
        ("variants: {A: {}}\nchecks: [json]", "checks, entry 1, is not a block of `key: value` lines"),
        ("variants: {A: {}}\nchecks: [{scorer: 3}]", "checks, entry 1, scorer: this needs a text"),
        ("- 1", "x.yaml is no experiment"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_meant_is_refused_with_what_to_write(text: str, said: str) -> None:
    with pytest.raises(PromptError) as raised:
        read_experiment(text, "x.yaml")
    assert said in str(raised.value)


def test_a_baseline_is_said_in_any_word_for_true() -> None:
    assert read_experiment("variants: {A: , B: {baseline: yes}}").baseline == "B"


def test_checks_keep_their_weight_and_their_negation() -> None:
    check = Check(scorer="contains", options={"text": "x"}, negate=True, weight=2.0)
    experiment = Experiment(variants=(ExperimentVariant(name="A"),), checks=(check,))
    assert read_experiment(write_experiment(experiment)).checks == (check,)
