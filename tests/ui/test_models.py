"""The Models tab: what is listed and in which words, what can be done with it, and what never leaves: keys."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from playground.backends import inventory, make_backend
from playground.backends.bounds import Bound
from playground.backends.servers import Server
from playground.settings import embedded_model_path
from playground.store.records import StoredRun
from playground.types.servers import ServerMetrics
from playground.ui import models_places
from playground.ui.actions import make_call
from playground.ui.app import ACTIONS
from playground.ui.progress import size
from playground.workbench.models import every_backend
from playground.workbench.service import Workbench

KEY = "sk-hush-31415"
HOSTILE = '"><img src=x onerror=window.hacked=1>:1b'
Call = Callable[..., Awaitable[dict[str, Any]]]
Run = Callable[..., Awaitable[StoredRun]]
Read = Callable[[str], Any]


@pytest.fixture(autouse=True)
def found(monkeypatch: pytest.MonkeyPatch) -> list[Server]:
    """What looking on the usual ports finds; the real ports of this machine are left alone."""
    servers: list[Server] = []

    async def discover(*_: Any, **__: Any) -> list[Server]:
        return list(servers)

    monkeypatch.setattr(inventory, "discover", discover)
    return servers


@pytest.fixture
def ollama(model_server: Any) -> Any:
    return model_server("ollama")


@pytest.fixture
def workbench(make_workbench: Any, ollama: Any) -> Workbench:
    """Scripted answers and an Ollama."""
    made: Workbench = make_workbench(ollama_url=ollama.url)
    made.models.backends["ollama"] = make_backend("ollama", made.settings)
    return made


def call_of(workbench: Workbench) -> Call:
    answer = make_call(workbench, ACTIONS)

    async def ask(action: str, **arguments: Any) -> dict[str, Any]:
        update = json.loads(await answer(json.dumps({"action": action, **arguments})))
        assert isinstance(update, dict)
        return update

    return ask


async def until_jobs_end(workbench: Workbench) -> None:
    async with asyncio.timeout(10):
        while workbench.jobs.running:
            await asyncio.sleep(0.01)


# --- what is listed -------------------------------------------------------------------------------------


async def test_backends_and_models_are_listed_with_what_is_known_of_them(call: Call, read_html: Read) -> None:
    html = (await call("open_models"))["html"]
    places, listed = read_html(html["models-places"]), read_html(html["models-list"])
    assert "3 models, 1 loaded, context 2,048 in force" in places.text
    assert "0.33.0" in places.text
    # The page translates no text in monospace: only an address stands in it.
    assert '<td class="soft">in process</td>' in html["models-places"]
    assert '<td class="mono soft">http://' in html["models-places"]
    assert "loaded, 160 MB, context 2,048" in listed.text
    assert "text, tools, thinking" in listed.text
    for text in ("Q4_1", "98 MB", "8,192", "on disk", "embeddings"):
        assert text in listed.text
    assert html["models-count"] == "4"


async def test_only_models_that_chat_can_be_used_in_a_column(call: Call, read_html: Read) -> None:
    update = await call("open_models")
    rows = read_html(update["html"]["models-list"]).find("button", data_act="use_model")
    assert "ollama:nomic-embed-text:latest" not in [row["data-model"] for row in rows]
    assert [choice["id"] for choice in update["choices"]] == [row["data-model"] for row in rows]


async def test_names_of_a_hostile_server_stay_text(call: Call, read_html: Read, workbench: Workbench) -> None:
    workbench.jobs.start(HOSTILE, HOSTILE, lambda: workbench.models.manager("ollama").pull("absent:1b"))
    for _ in range(2):
        html = (await call("open_models"))["html"]
        assert not [tag for part in html.values() for tag, _ in read_html(part).elements if tag == "img"]
        await until_jobs_end(workbench)
    assert HOSTILE in read_html(html["models-list"]).text
    drawer = (await call("delete_model", model=f"ollama:{HOSTILE}"))["drawer"]
    assert read_html(drawer["body"]).find("img") == []
    assert HOSTILE in read_html(drawer["body"]).text


async def test_a_server_nobody_asked_for_is_no_failure_and_an_added_one_is(
    make_workbench: Any, read_html: Read
) -> None:
    workbench = make_workbench()
    workbench.models.backends["vllm"] = make_backend(
        "vllm", workbench.settings.model_copy(update={"vllm_url": "http://127.0.0.1:9"})
    )
    call = call_of(workbench)
    html = (await call("open_models"))["html"]
    assert "not running" in html["models-places"]
    assert "vllm serve MODEL --generation-config vllm</code>" in html["models-places"]
    assert "vLLM" not in html["health"]
    await workbench.models.add_server("gpu box", "vllm", "http://127.0.0.1:9")
    html = (await call("open_models", fresh="yes"))["html"]
    assert "gpu box does not answer at http://127.0.0.1:9." in read_html(html["models-places"]).text
    assert "gpu box does not answer" in read_html(html["health"]).text


async def test_a_found_server_is_used_with_one_click(
    call: Call, found: list[Server], model_server: Any, read_html: Read, workbench: Workbench
) -> None:
    vllm = model_server("vllm")
    found.append(Server("vllm-8001", "vllm", vllm.url, True))
    page = read_html((await call("open_models"))["html"]["models-places"])
    (button,) = page.find("button", data_act="use_server")
    update = await call(
        "use_server", **{n.removeprefix("data-"): v for n, v in button.items() if n != "class"}
    )
    assert update["toast"] == "vllm-8001 can be used now"
    assert "vllm-8001:<b>vllm</b>" in [choice["id"] for choice in update["choices"]]
    assert read_html(update["html"]["models-places"]).find("button", data_act="use_server") == []
    assert workbench.models.backend_of("vllm-8001:x").name == "vllm-8001"


async def test_load_of_a_vllm_server_is_asked_for_again_and_again(
    call: Call, model_server: Any, read_html: Read, workbench: Workbench
) -> None:
    await workbench.models.add_server("gpu box", "", model_server("vllm").url)
    html = (await call("open_models"))["html"]
    (poll,) = read_html(html["models-poll"]).find("span", data_poll="poll_models")
    assert (poll["data-every"], poll["data-load"]) == ("2000", "yes")
    again = (await call("poll_models", jobs=poll["data-jobs"], load="yes"))["html"]
    (load,) = again.values()
    assert read_html(load).text == "running 3waiting 1KV cache 25 %prefix hits –tokens/s –"
    assert set(again) == {
        element["id"] for element in read_html(html["models-places"]).find("div") if "id" in element
    }


def test_shares_and_rates_are_worded() -> None:
    text = models_places.load_line(ServerMetrics(2, 0, 0.421, 0.9, 1234.56)).striptags()
    assert text == "running 2waiting 0KV cache 42 %prefix hits 90 %tokens/s 1,234.6"


def test_sizes_have_the_unit_that_suits_them() -> None:
    values = (None, 0, 512, 8_000, 98_362_762, 999_600_000, 5_200_000_000, 123_400_000_000)
    assert [size(v) for v in values] == ["–", "0 B", "512 B", "8 kB", "98 MB", "1.0 GB", "5.2 GB", "123 GB"]


# --- servers and keys -----------------------------------------------------------------------------------


async def test_an_added_server_is_found_out_and_can_be_used_and_removed(
    call: Call, model_server: Any, workbench: Workbench
) -> None:
    server = model_server("ollama", key=KEY)
    assert 'type="password"' in (await call("add_server"))["drawer"]["body"]
    fields = {"name": "my box", "kind": "", "url": f"{server.url}/v1/", "secret": KEY}
    update = await call("add_server", sure="yes", fields=fields)
    assert update["toast"] == "my box added: Ollama"
    assert "my box:smollm2:latest" in [choice["id"] for choice in update["choices"]]
    assert "key kept" in update["html"]["models-places"]
    assert "forgotten" in (await call("remove_server", name="my box"))["drawer"]["body"]
    update = await call("remove_server", name="my box", sure="yes")
    assert "my box" not in workbench.models.backends
    assert "my box" not in update["html"]["models-places"]


async def test_added_servers_are_there_after_a_restart(workbench: Workbench, ollama: Any) -> None:
    await workbench.models.add_server("my box", "ollama", ollama.url)
    assert list(every_backend(workbench.settings))[-1] == "my box"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": "", "url": "127.0.0.1:9", "kind": "vllm"}, "cannot be the name"),
        ({"name": "ollama", "url": "127.0.0.1:9", "kind": "vllm"}, "already stands for"),
        ({"name": "x", "url": "ftp://host", "kind": "vllm"}, "http or https"),
        ({"name": "x", "url": "http://169.254.169.254", "kind": "vllm"}, "metadata"),
        ({"name": "x", "url": "http://127.0.0.1:9", "kind": ""}, "Nothing that serves models answers"),
        ({"name": "x", "url": "127.0.0.1:9", "kind": "vllm", "secret": "two words"}, "holds a blank"),
    ],
)
async def test_what_cannot_be_a_server_is_refused_and_nothing_is_kept(
    call: Call, workbench: Workbench, fields: dict[str, str], words: str
) -> None:
    update = await call("add_server", sure="yes", fields=fields)
    assert words in update["alert"]["message"]
    assert "drawer" not in update
    assert list(workbench.models.backends) == ["scripted", "ollama"]


async def test_a_key_never_comes_back(
    call: Call, model_server: Any, workbench: Workbench, caplog: pytest.LogCaptureFixture
) -> None:
    """Also not from a server that repeats a wrong one, and not from errors."""
    server = model_server("ollama", key="another")
    told: list[dict[str, Any]] = []
    with caplog.at_level(logging.DEBUG):
        fields = {"name": "my box", "kind": "ollama", "url": server.url, "secret": KEY}
        told.append(await call("add_server", sure="yes", fields=fields))
        told.append(await call("server_key", name="my box"))
        told.append(await call("server_key", name="my box", sure="yes", fields={"secret": f"{KEY}-2"}))
        told.append(await call("server_key", name="my box", sure="yes", fields={"secret": f"{KEY} x"}))
        told += [await call(name) for name in ("open_models", "health", "load", "pull")]
    assert f"Bearer {KEY}" in [request[3] for request in server.seen()["requests"]]
    assert "does not accept the key" in told[0]["html"]["models-places"]
    assert "holds a blank" in told[3]["alert"]["message"]
    assert KEY not in json.dumps(told) + caplog.text
    assert KEY not in repr(workbench.models.backends["my box"])
    stored = [p for p in workbench.settings.data_dir.iterdir() if KEY.encode() in p.read_bytes()]
    assert [(p.name, p.stat().st_mode & 0o077) for p in stored] == [("keys.json", 0)]


async def test_a_key_of_the_environment_is_named_as_such(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAYGROUND_KEY_OLLAMA", KEY)
    told = [await call("open_models"), await call("server_key", name="ollama")]
    assert "key from the environment" in told[0]["html"]["models-places"]
    assert "PLAYGROUND_KEY_OLLAMA" in told[1]["drawer"]["body"]
    assert KEY not in json.dumps(told)


# --- models ---------------------------------------------------------------------------------------------


async def test_a_model_goes_into_column_1_and_the_rest_of_the_form_stays(
    call: Call, form: dict[str, Any]
) -> None:
    update = await call("use_model", model="ollama:smollm2:latest", form=form)
    assert [column["model"] for column in update["form"]["columns"]] == [
        "ollama:smollm2:latest",
        "scripted:echo",
    ]
    assert update["form"]["values"] == form["values"]
    assert update["tab"] == "Compare"
    assert (
        "There is no model" in (await call("use_model", model="ollama:gone", form=form))["alert"]["message"]
    )


async def test_deleting_asks_first_names_the_size_and_warns_of_a_model_in_use(
    call: Call, ollama: Any
) -> None:
    body = (await call("delete_model", model="ollama:smollm2:latest"))["drawer"]["body"]
    assert "98 MB" in body
    assert "This model is in use" in body
    assert (
        "in use" not in (await call("delete_model", model="ollama:nomic-embed-text:latest"))["drawer"]["body"]
    )
    assert not [r for r in ollama.seen()["requests"] if r[1] == "/api/delete"]
    update = await call("delete_model", model="ollama:smollm2:latest", sure="yes")
    assert update["toast"] == "smollm2:latest deleted"
    assert update["html"]["models-count"] == "3"


async def test_unloading_takes_a_model_out_of_memory(call: Call) -> None:
    update = await call("unload_model", model="ollama:smollm2:latest")
    assert "loaded, 160 MB" not in update["html"]["models-list"]
    assert "0 loaded" in update["html"]["models-places"]


async def test_a_pull_runs_on_its_own_and_its_model_appears(
    call: Call, workbench: Workbench, read_html: Read
) -> None:
    update = await call("pull", sure="yes", fields={"name": " tiny:1b "})
    assert update["drawer"] is None
    (poll,) = read_html(update["html"]["models-poll"]).find("span", data_poll="poll_models")
    assert poll["data-every"] == "700"
    await until_jobs_end(workbench)
    update = await call("poll_models", jobs=poll["data-jobs"], load="")
    assert "tiny:1b" in update["html"]["models-list"]
    assert "ollama:tiny:1b" in [choice["id"] for choice in update["choices"]]
    assert "done" in read_html(update["html"]["models-jobs"]).text
    assert update["html"]["models-poll"] == ""


async def test_progress_is_told_layer_by_layer_and_cancel_hangs_up(
    call: Call, workbench: Workbench, ollama: Any, read_html: Read
) -> None:
    await call("pull", sure="yes", fields={"name": "slow:1b"})
    (job,) = workbench.jobs.running
    async with asyncio.timeout(10):
        while job.bytes_per_s is None:
            await asyncio.sleep(0.02)
    told = (await call("poll_models", jobs=f"{job.id}:running", load=""))["html"]
    assert set(told) == {f"job-{job.id}-sum", f"job-{job.id}-layers"}
    bars = read_html(told[f"job-{job.id}-layers"])
    assert bars.find("span", role="progressbar")[0]["aria-valuenow"] == "100"
    assert "512 B of 512 B" in bars.text
    assert "of 315 MB" in read_html(told[f"job-{job.id}-sum"]).text
    assert (
        "being pulled already"
        in (await call("pull", sure="yes", fields={"name": "slow:1b"}))["alert"]["message"]
    )
    update = await call("cancel_job", job=job.id)
    assert "cancelled" in update["html"]["models-jobs"]
    async with asyncio.timeout(2):
        while (await asyncio.to_thread(ollama.seen))["pulling"]:
            await asyncio.sleep(0.02)
    assert (await call("forget_job", job=job.id))["html"]["models-jobs"] == ""


async def test_a_name_that_does_not_exist_shows_the_servers_words_and_what_to_do(
    call: Call, workbench: Workbench, read_html: Read
) -> None:
    await call("pull", sure="yes", fields={"name": "absent:1b"})
    await until_jobs_end(workbench)
    text = read_html((await call("open_models"))["html"]["models-jobs"]).text
    assert "pull model manifest: file does not exist" in text
    assert "Check the name and its tag" in text
    assert "There is no name." in (await call("pull", sure="yes", fields={"name": " "}))["alert"]["message"]


async def test_without_ollama_nothing_can_be_pulled_and_the_button_says_why(make_workbench: Any) -> None:
    call = call_of(make_workbench())
    assert "disabled" in (await call("open_models"))["html"]["models-pull"]
    assert (await call("pull"))["alert"] == {
        "message": "No Ollama server answers.",
        "hint": "Start one with: ollama serve",
    }


async def test_a_model_is_made_from_the_winning_column(
    call: Call, ran: Run, workbench: Workbench, ollama: Any
) -> None:
    run = await ran(2, template="Be brief.\n", word="x")
    await call("vote", run=run.id, vote="column", column="1")
    body = (await call("create_model", run=run.id))["drawer"]["body"]
    assert "Column 2 has no system turn and no examples" in body
    assert 'value="greeting"' in body
    fields = {"name": "greeting", "base": "ollama:smollm2:latest", "keep": True}
    update = await call("create_model", run=run.id, sure="yes", fields=fields)
    assert update["tab"] == "Models"
    await until_jobs_end(workbench)
    body = next(r[2] for r in ollama.seen()["requests"] if r[1] == "/api/create")
    assert (body["model"], body["from"], body["parameters"]["temperature"]) == (
        "greeting",
        "smollm2:latest",
        0.0,
    )
    assert [turn["role"] for turn in body["messages"]] == ["user", "assistant"]
    assert "greeting" in (await call("open_models", fresh="yes"))["html"]["models-list"]


async def test_the_export_offers_a_model_only_where_one_can_be_made(
    call: Call, ran: Run, make_workbench: Any, ollama: Any
) -> None:
    run = await ran(1)
    assert 'data-act="create_model"' in (await call("export", run=run.id, column="0"))["drawer"]["foot"]
    await asyncio.to_thread(ollama.stop)


async def test_gguf_files_are_added_listed_and_removed(make_workbench: Any, tmp_path: Any) -> None:
    workbench = make_workbench(embedded=False)
    workbench.models.backends["llama.cpp"] = make_backend("llama.cpp", workbench.settings)
    call = call_of(workbench)
    path = tmp_path / "<b>tiny-Q4_1.gguf"
    source = embedded_model_path()
    assert source
    path.symlink_to(source)
    assert "llama.cpp" in (await call("open_models"))["html"]["health"]  # a failing one is named too
    update = await call("gguf", sure="yes", fields={"path": str(path)})
    assert "llama.cpp:<b>tiny" in [choice["id"] for choice in update["choices"]]
    assert "&lt;b&gt;tiny-Q4_1.gguf" in (await call("gguf"))["drawer"]["body"]
    assert "not a whole path" in (await call("gguf", sure="yes", fields={"path": "tiny"}))["alert"]["message"]
    update = await call("gguf", remove=str(path))
    assert "tiny" not in update["html"]["models-list"]
    assert "Added before" not in update["drawer"]["body"]


# --- answers at once ------------------------------------------------------------------------------------


def said(update: dict[str, Any]) -> str:
    return str(update["html"]["models-places"])


async def test_the_number_of_answers_at_once_is_shown_changed_kept_and_given_back(
    call: Call, workbench: Workbench
) -> None:
    backend: Any = workbench.models.backends["ollama"]
    assert "up to 1 answer at a time <" in said(await call("open_models", fresh="yes"))
    drawer = (await call("server_parallel", name="ollama"))["drawer"]["body"]
    assert 'value="1"' in drawer and "As many as is usual" not in drawer
    assert "up to 6 answers at once, as you chose" in said(
        await call("server_parallel", name="ollama", answers="6", sure="yes")
    )
    assert backend.parallel == 6
    assert type(backend)(workbench.settings).parallel == 6  # after a restart
    drawer = (await call("server_parallel", name="ollama"))["drawer"]["body"]
    assert "This number was chosen here." in drawer
    assert "up to 1 answer at a time <" in said(await call("server_parallel", name="ollama", usual="yes"))
    assert type(backend)(workbench.settings).parallel == 1


async def test_a_number_that_was_learnt_says_from_what(call: Call, workbench: Workbench) -> None:
    backend: Any = workbench.models.backends["ollama"]
    backend.keep_bound(Bound(32, died_under=64))
    html = said(await call("open_models", fresh="yes"))
    assert "up to 32 answers at once, since it went away under 64" in html
    assert "64 answers under way" in (await call("server_parallel", name="ollama"))["drawer"]["body"]


@pytest.mark.parametrize("odd", ["0", "-1", "1001", "many", ""])
async def test_a_number_that_cannot_be_is_refused(call: Call, workbench: Workbench, odd: str) -> None:
    assert "alert" in await call("server_parallel", name="ollama", answers=odd, sure="yes")
    assert workbench.models.backends["ollama"].parallel == 1
    assert "alert" in await call("server_parallel", name="nobody", answers="2", sure="yes")
