"""PAL: the program in a model's answer, what became of it, and the answer that this makes."""

from __future__ import annotations

import time

import pytest

from playground.errors import PlaygroundError
from playground.sandbox.limits import Limits
from playground.sandbox.run import level_here
from playground.techniques.base import Tool
from playground.techniques.pal import NO_PROGRAM
from playground.techniques.tools.python import ProgramFailed, code_of, python, run_program
from tests.techniques.scripted import Played, Script, play

QUESTION = "How many eggs are in 4 boxes of 12?"
QUICK = Limits(cpu_s=1, wall_s=1.5)
TOOLS = {"python": python(QUICK)}


async def solve(script: Script, tools: dict[str, Tool] = TOOLS, **options: object) -> Played:
    return await play("pal", script, QUESTION, tools=tools, **options)


async def test_what_the_program_prints_is_the_answer() -> None:
    played = await solve(["boxes = 4\neggs = 12\nprint(boxes * eggs)"])
    assert (played.answer.text, played.answer.extracted, played.answer.calls) == ("48", "48", 1)
    assert dict(played.answer.facts) == {"programs": "1 of 1", "sandbox": (await level_here()).name}
    assert played.scripted.texts == [QUESTION]
    call, run = played.answer.steps
    assert (call.label, call.state) == ("program", "answer")
    assert (run.label, run.kind, run.parent, run.output, run.extracted) == ("python", "tool", 1, "48", "48")
    assert run.messages[0].content == "boxes = 4\neggs = 12\nprint(boxes * eggs)"


async def test_the_last_line_counts_where_more_is_printed() -> None:
    played = await solve(["print('boxes:', 4)\nprint(48)"])
    assert (played.answer.text, played.answer.extracted) == ("boxes: 4\n48", "48")


async def test_the_answer_can_be_looked_for_in_what_is_printed() -> None:
    played = await solve(["print('There are 48 eggs in all.')"], answer="number")
    assert played.answer.extracted == "48"


@pytest.mark.parametrize(
    ("program", "observation"),
    [
        ("eggs = 48", "It ended by itself and printed nothing."),
        ("print(' ')", "It ended by itself and printed nothing."),
        ("print(eggs)", "It stopped with NameError: name 'eggs' is not defined"),
        ("print(4\nprint(12", "There is no Python program in the answer."),
        ("print(4)\nimport time\ntime.sleep(60)", "timed out after 1.5 s."),
        ("while True: pass", "timed out after"),
        ("print(open('/etc/passwd').read())", "The sandbox does not let a program read /etc/passwd"),
        ("x = input()\nprint(x)", "EOFError"),
        ("There are 48 eggs.", NO_PROGRAM),
        ("", NO_PROGRAM),
        ("48", NO_PROGRAM),
        ("```sh\nexpr 4 \\* 12\n```", NO_PROGRAM),
    ],
)
async def test_a_program_without_an_answer_is_an_observation(program: str, observation: str) -> None:
    played = await solve([program])
    assert observation in played.answer.text
    assert played.answer.extracted is None
    assert dict(played.answer.facts) == {"programs": "1 of 1, none printed an answer"}
    assert played.answer.steps[0].state == played.answer.steps[1].state == "failed"


async def test_a_retry_shows_the_model_its_program_and_what_became_of_it() -> None:
    played = await solve(["eggs = 4 * 12", "print(egg)", "print(48)"], retries=2)
    assert (played.answer.text, played.answer.calls) == ("48", 3)
    assert played.scripted.labels == ["program", "program 2", "program 3"]
    *_, question, program, asked = (message.content for message in played.calls[1].messages)
    assert (question, program) == (QUESTION, "eggs = 4 * 12")
    assert asked == "python failed: It ended by itself and printed nothing. Write the whole program again."
    assert "NameError: name 'egg' is not defined" in played.scripted.texts[2]
    assert dict(played.answer.facts)["programs"] == "3 of 3"


async def test_a_retry_ends_with_the_first_answer_and_with_the_last_try() -> None:
    assert (await solve(["print(1)"], retries=3)).answer.calls == 1
    played = await solve(["no", "no", "no"], retries=2)
    assert (played.answer.calls, played.answer.text) == (3, NO_PROGRAM)


async def test_a_bound_on_calls_ends_it_with_what_became_of_the_last_program() -> None:
    played = await solve(["eggs = 48"], retries=3, max_calls=1)
    assert (played.answer.finish, played.answer.calls) == ("length", 1)
    assert "printed nothing" in played.answer.text


async def test_without_the_sandbox_nothing_is_asked() -> None:
    with pytest.raises(PlaygroundError, match="PAL needs the sandbox for code, which is off"):
        await solve([], {})


# --- the program in an answer ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("print(1)", "print(1)"),
        ("\n\nprint(1)\n\n", "\n\nprint(1)\n\n".strip("\n")),
        ("```python\nprint(1)\n```", "print(1)"),
        ("```\nprint(1)\n```", "print(1)"),
        ("```py title=x\nprint(1)\n```\nIt prints 1.", "print(1)"),
        ("~~~python\nprint(1)\n~~~", "print(1)"),
        ("```python\nprint(1)", "print(1)"),
        ("Here it is:\n\n```python\nx = 2\nprint(x)\n```\n\nThe answer is 2.", "x = 2\nprint(x)"),
        ("1. First:\n   ```python\n   x = 2\n   print(x)\n   ```", "x = 2\nprint(x)"),
        ("```python\nx = 2\n```\nand then\n```python\nprint(x)\n```", "x = 2\n\nprint(x)"),
        ("```python\nprint(1)\n```\nBetter:\n```python\nprint(2)\n```", "print(2)"),
        ("```python\nx = 5\n```\nNow whole:\n```python\nx = 6\nprint(x)\n```", "x = 6\nprint(x)"),
        ("```text\n48\n```\n```python\nprint(48)\n```", "print(48)"),
        ("```bash\nls\n```", ""),
        (
            ">>> x = 4\n>>> for i in range(2):\n...     x += i\n>>> print(x)\n5",
            "x = 4\nfor i in range(2):\n    x += i\nprint(x)",
        ),
        ("    x = 1\n    print(x)", "x = 1\nprint(x)"),
        ("Sure! Here is the program.\nx = 4 * 12\nprint(x)\nIt prints the answer.", "x = 4 * 12\nprint(x)"),
        (
            "Let me see.\nfor i in [1, 2]:\n    if i > 1:\n        print(i)\n    else:\n        print(0)\nDone!",
            "for i in [1, 2]:\n    if i > 1:\n        print(i)\n    else:\n        print(0)",
        ),
        (
            "So:\nif 1 > 2:\n    x = 1\nelif 3 > 2:\n    x = 2\nelse:\n    x = 3\nprint(x)\nThat is it.",
            "if 1 > 2:\n    x = 1\nelif 3 > 2:\n    x = 2\nelse:\n    x = 3\nprint(x)",
        ),
        ("Answer:\nAnswer\nprint(1)\n48\nprint(2 + 3)", "print(2 + 3)"),
        ("先定义变量。\nx = 4 * 12\nprint(x)\n这就是答案。", "x = 4 * 12\nprint(x)"),
        ("def f():\r\n\treturn 1\r\nprint(f())", "def f():\n    return 1\nprint(f())"),
        ("print('```')", "print('```')"),
        ("48", ""),
        ("-48", ""),
        ("eggs", ""),
        ("'forty-eight'", ""),
        ("The answer is 48.", ""),
        ("", ""),
        ("print(", ""),
        ("(" * 500, ""),
        ("\0", ""),
    ],
)
def test_the_program_is_taken_out_of_an_answer(text: str, code: str) -> None:
    assert [line.rstrip() for line in code_of(text).split("\n")] == [
        line.rstrip() for line in code.split("\n")
    ]


def test_a_long_answer_without_a_program_is_read_quickly() -> None:
    began = time.perf_counter()
    assert code_of("The answer is not a program, it says print(1) here.\n" * 2000) == ""
    assert code_of("x = 1\nprint(\n" * 2000) == ""
    assert time.perf_counter() - began < 20


# --- the tool -------------------------------------------------------------------------------------------


async def test_the_tool_gives_what_was_printed_and_its_failures_as_errors() -> None:
    assert await TOOLS["python"].run("```python\nprint(6 * 7)\n```") == "42"
    with pytest.raises(ProgramFailed) as caught:
        await run_program("print('so far')\n1/0", QUICK)
    assert caught.value.message == "so far\nIt stopped with ZeroDivisionError: division by zero"


async def test_an_answer_of_many_megabytes_is_an_observation_of_one_sentence() -> None:
    played = await solve(["while True: print('x' * 1000)"])
    assert len(played.answer.text) < 5_000
    run = played.answer.steps[-1]
    assert run.state == "failed"


@pytest.mark.parametrize(
    ("technique", "script"),
    [
        (
            "function-calling",
            ['{"function": "python", "arguments": {"program": "print(6 * 7)"}}', '{"answer": "42"}'],
        ),
        ("react", ["Thought: I count.\nAction: python[print(6 * 7)]", "Thought: Done.\nAction: finish[42]"]),
        ("art", ["step 1: count\npython: print(6 * 7)\n", "answer: 42"]),
    ],
)
async def test_the_other_techniques_can_use_it(technique: str, script: list[str]) -> None:
    played = await play(technique, script, QUESTION, tools=TOOLS)
    (used,) = [step for step in played.answer.steps if step.kind == "tool"]
    assert (used.label, used.output) == ("python", "42")
    assert played.answer.extracted == "42"
