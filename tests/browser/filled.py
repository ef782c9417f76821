"""A folder in which everything has been used once: prompts, data sets, runs, and experiments of every state.

    asyncio.run(fill(workbench))

Its words are Chinese: what is left in English on the page of a reader of Chinese is then the program's, and no word of
the program can hide behind a word of a user.
"""

from __future__ import annotations

from contextlib import aclosing

from playground.backends.scripted import Script
from playground.errors import BackendError
from playground.scorers import check_name
from playground.types.dataset import Column, Row
from playground.types.experiment import Cases, Experiment, ExperimentVariant, Limits, Rule
from playground.types.grid import CellKey, RunSpec, Variant
from playground.types.prompt import Check, Prompt, Turn
from playground.workbench.service import Workbench

CASES = 24
SCRIPTS: dict[str, Script] = {
    "echo": "{last}",
    "cat": "猫坐在垫子上。",
    "picky": "",
    "gone": [BackendError("服务器不见了。", "请重新启动它。")],
    "slow": [piece for n in range(300) for piece in (f"词{n} ", 0.1)],
}
"""What the models of this folder answer; "picky" judges: it passes what holds a 3."""
CHECK = Check(scorer="contains", options={"text": "{{ answer }}"})
JUDGE = Check(scorer="judge", options={"criterion": "像不像一句话", "model": "scripted:picky"})
SAY = Prompt(
    name="爬行提示词",
    description="说一个词",
    turns=(Turn(role="system", template="你很简短。"), Turn(role="user", template="说 {{ word }}")),
    checks=(CHECK,),
)
ECHO = SAY.model_copy(update={"turns": (Turn(role="user", template="请说 {{ word }}，谢谢"),)})
COLUMNS = (
    Column(name="word"),
    Column(name="answer", role="expected"),
    Column(name="sentiment", role="tag"),
)
"""Two of them are called like words of the program: a user's names stay as they are."""


def rows(count: int = CASES) -> list[Row]:
    """Every third is said wrong by "echo", every second is of another kind."""
    return [
        Row(
            {
                "word": f"词{n}",
                "answer": f"词{n}" if n % 3 else "无",
                "sentiment": "正面" if n % 2 else "负面",
            }
        )
        for n in range(count)
    ]


async def fill(workbench: Workbench) -> None:
    """Everything once."""
    await _prompts(workbench)
    for name in ("爬行数据甲", "爬行数据乙", "爬行数据丙"):
        made = await workbench.datasets.create(name, COLUMNS, [*rows(), *rows(2)], note="初版")
        await workbench.datasets.split(made, held_out=0.5)
    await workbench.datasets.delete(made.dataset_id)
    for n in range(3):
        await _run(workbench, n)
    await _experiments(workbench)


async def _prompts(workbench: Workbench) -> None:
    for name in ("爬行提示词", "爬行提示词乙", "爬行提示词丙", "爬行提示词丁"):
        saved = await workbench.prompts.save(SAY.model_copy(update={"name": name}), message="初版")
        ident = saved.prompt_id
        await workbench.prompts.save(
            ECHO.model_copy(update={"name": name}), message="第二版", prompt_id=ident
        )
        await workbench.prompts.save(
            ECHO.model_copy(update={"name": name}), message="另一种", prompt_id=ident, variant="短"
        )
        await workbench.saved.set_label(ident, "生产", 1)
    await workbench.saved.delete(ident)


async def _run(workbench: Workbench, number: int) -> None:
    """Two columns over a case; the last of them has failed."""
    models = ("scripted:cat", "scripted:gone") if number == 2 else ("scripted:cat", "scripted:echo")
    wanted = RunSpec.comparison(
        prompt=SAY,
        values={"word": f"词{number}", "answer": "词"},
        variants=[Variant(model=each) for each in models],
    )
    run_id = ""
    async with aclosing(workbench.runs.compare(wanted)) as events:
        async for event in events:
            run_id = run_id or getattr(event, "run_id", "")
    if number == 0:
        await workbench.history.note(run_id, "一句备注")
        await workbench.history.thumb(run_id, 0, 1)


async def _experiments(workbench: Workbench) -> None:
    """One that is done, with its judge's labels and ratings; two that paused themselves, for every call of theirs fails."""
    plan = Experiment(
        name="爬行实验",
        prompt=SAY,
        model="scripted:echo",
        variants=(
            ExperimentVariant(name="A", model="scripted:cat"),
            ExperimentVariant(name="B", prompt=ECHO),
        ),
        cases=Cases(dataset="爬行数据甲", limit=CASES, slices=("sentiment",)),
        checks=(CHECK, JUDGE),
        rule=Rule(baseline="A", metric=check_name(CHECK)),
    )
    done = await workbench.experiments.start(plan)
    await workbench.experiments.wait(done)
    for case in range(CASES):
        for variant in range(2):
            await workbench.labels.put(done, JUDGE, CellKey(case, variant, 0), case % 4 > 0, "一句备注")
    await workbench.experiments.rate(done, 0, 0, 1, "b", "爬行者")
    for name in ("停下的爬行", "另一个停下的爬行"):
        failing = plan.model_copy(
            update={
                "name": name,
                "variants": (*plan.variants[:1], ExperimentVariant(name="乙", model="scripted:gone")),
                "checks": (CHECK,),
                "limits": Limits(at_once=1, failures_in_row=3, tries=1),
                "rule": Rule(baseline="A", looking="any time"),
            }
        )
        await workbench.experiments.wait(await workbench.experiments.start(failing))
