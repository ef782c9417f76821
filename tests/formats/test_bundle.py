"""Bundles: what is written comes back, one broken rule refuses the whole file, one bad prompt is only an entry."""

from __future__ import annotations

import hashlib
import io
import json
import stat
import struct
import unicodedata
import warnings
import zipfile
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playground.errors import PromptError
from playground.formats import archive, bundle, prompty
from playground.formats.bundle import BundleItem, read_bundle, write_bundle
from playground.types.prompt import Check, Input, Prompt, Sampling, Turn
from tests.examples import examples

CREATED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
TONE = Prompt(
    name="Tone of a mail",
    description="Says how a mail sounds.",
    family="classification",
    turns=(Turn(role="user", template="How does this sound? {{ mail }}"),),
    inputs=(Input(name="mail", example="Hi!"),),
    checks=(Check(scorer="contains", options={"text": "{{ expected }}"}),),
    sampling=Sampling(temperature=0.5),
    cases=({"mail": "Hello", "expected": "friendly"}, {"mail": "你好\n", "expected": None}),
)
TEXT = prompty.dump(TONE)[0].encode()
Files = dict[str, bytes]


def written(*prompts: Prompt) -> bytes:
    return write_bundle([BundleItem(p) for p in prompts], name="Mine", created=CREATED).data


def manifest(files: Files, changes: dict[str, Any] | None = None) -> bytes:
    """A correct bundle.json for these files, then changed."""
    listed = {path: {"sha256": hashlib.sha256(content).hexdigest()} for path, content in files.items()}
    data = {"format": 1, "name": "B", "created": "2026-01-02T03:04:05Z", "files": listed} | (changes or {})
    return json.dumps(data).encode()


def zipped(files: Files, change: Callable[[zipfile.ZipInfo], None] = lambda info: None) -> bytes:
    """A zip of bundle.json and these files; `change` may spoil the record of each of the files."""
    return packed([("bundle.json", manifest(files)), *files.items()], change)


def packed(
    members: list[tuple[str, bytes]], change: Callable[[zipfile.ZipInfo], None] = lambda info: None
) -> bytes:
    out = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        warnings.simplefilter("ignore")  # zipfile warns of names that stand twice
        for name, content in members:
            info = zipfile.ZipInfo(name)
            info.filename = name  # the constructor cuts a name at a NUL
            info.compress_type = zipfile.ZIP_DEFLATED
            if name != "bundle.json":
                change(info)
            target.writestr(info, content)
    return out.getvalue()


def refusal(data: bytes) -> str:
    """The whole text of the error, which has a hint in every case."""
    with pytest.raises(PromptError) as caught:
        read_bundle(data)
    assert caught.value.hint
    assert str(caught.value).isprintable()
    return str(caught.value)


# --- writing and reading ------------------------------------------------------------------------------------


def test_a_bundle_gives_back_its_prompts_with_cases_and_history_and_what_it_says_of_itself() -> None:
    history = ("a" * 64, "b" * 64)
    data = write_bundle(
        [BundleItem(TONE, history)],
        name="Mails",
        description="For support",
        licence="CC0-1.0",
        created=CREATED,
    ).data
    found = read_bundle(data)
    assert (found.name, found.description, found.licence, found.created) == (
        "Mails",
        "For support",
        "CC0-1.0",
        CREATED,
    )
    (entry,) = found.entries
    assert (entry.path, entry.prompt, entry.history) == (
        "classification/tone-of-a-mail.prompty",
        TONE,
        history,
    )
    assert (entry.losses, entry.error) == ((), None)


def test_cases_lie_in_a_file_of_their_own_and_not_in_the_front_matter() -> None:
    with zipfile.ZipFile(io.BytesIO(written(TONE))) as source:
        names = source.namelist()
        text, rows = (source.read(name).decode() for name in names[1:])
        listed = json.loads(source.read("bundle.json"))
    assert names == [
        "bundle.json",
        "classification/tone-of-a-mail.prompty",
        "data/classification/tone-of-a-mail.jsonl",
    ]
    assert "cases" not in text
    assert [json.loads(line) for line in rows.splitlines()] == list(TONE.cases)
    assert listed["files"][names[1]] == {"sha256": hashlib.sha256(text.encode()).hexdigest()}
    assert list(listed) == ["format", "name", "description", "licence", "created", "files"]


def test_the_same_prompts_in_any_order_give_the_same_bytes() -> None:
    other = TONE.model_copy(update={"description": "Another one of that name"})
    assert written(TONE, other, Prompt(name="Z")) == written(Prompt(name="Z"), other, TONE)


class OfWindows(zipfile.ZipInfo):
    """A record as Windows in Chinese writes it: the name in its own code page, and no mark of UTF-8."""

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802
        return self.filename.encode("gb18030"), self.flag_bits & ~0x800


@pytest.mark.parametrize("record", [zipfile.ZipInfo, OfWindows])
def test_names_in_chinese_come_back_also_from_a_bundle_that_another_system_has_packed_again(
    record: type[zipfile.ZipInfo],
) -> None:
    out = io.BytesIO()
    named = TONE.model_copy(update={"name": "邮件的语气", "family": "分类"})
    with zipfile.ZipFile(io.BytesIO(written(named))) as source, zipfile.ZipFile(out, "w") as target:
        assert "分类/邮件的语气.prompty" in source.namelist()
        assert all(info.flag_bits & 0x800 for info in source.infolist() if not info.filename.isascii())
        for name in source.namelist():
            target.writestr(record(name), source.read(name))
    (entry,) = read_bundle(out.getvalue()).entries
    assert (entry.path, entry.prompt) == ("分类/邮件的语气.prompty", named)


def test_names_that_give_the_same_file_name_get_different_ones() -> None:
    names = ["Tone", "tone!", "Tone 2", "语气", "情绪", "CON", "../../etc/passwd", "<img onerror=x>", ""]
    items = [BundleItem(Prompt(name=name), folder="../hub\\x/a:b/c") for name in names]
    entries = read_bundle(write_bundle(items, name="N", created=CREATED).data).entries
    assert sorted(entry.prompt.name for entry in entries) == sorted(names)
    assert sorted(entry.path.rpartition("/")[2] for entry in entries) == [
        "etc-passwd.prompty",
        "img-onerror-x.prompty",
        "prompt-con.prompty",
        "prompt.prompty",
        "tone-2.prompty",
        "tone-3.prompty",
        "tone.prompty",
        "情绪.prompty",
        "语气.prompty",
    ]
    assert {entry.path.rpartition("/")[0] for entry in entries} == {"prompt/hub-x"}


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
prompts = st.builds(
    Prompt,
    name=texts,
    family=texts,
    description=texts,
    turns=st.lists(
        st.builds(Turn, role=st.just("user"), template=st.text("a{%} #\n:", max_size=8)), max_size=2
    ).map(tuple),
    cases=st.lists(st.dictionaries(texts, json_values, max_size=3), max_size=3).map(tuple),
)


def test_of_a_long_history_the_newest_versions_are_kept_and_with_many_prompts_fewer() -> None:
    history = tuple(f"{n:064x}" for n in range(100))
    one = write_bundle([BundleItem(TONE, history)], name="H", created=CREATED)
    assert read_bundle(one.data).entries[0].history == history[-50:]
    items = [BundleItem(Prompt(name=f"{n} {'x' * 60}", family="y" * 60), history) for n in range(2_000)]
    many = write_bundle(
        items, name="x" * 200, description="x" * 10_000, licence="x" * 10_000, created=CREATED
    )
    assert {entry.history for entry in read_bundle(many.data).entries} == {history[-5:]}


@settings(max_examples=examples(60), deadline=None)
@given(st.lists(prompts, min_size=1, max_size=5))
def test_whatever_is_written_reads_back_but_for_the_losses_it_reports(some: list[Prompt]) -> None:
    result = write_bundle([BundleItem(prompt) for prompt in some], name="P", created=CREATED)
    entries = read_bundle(result.data).entries
    lossy = {loss.split(": ")[0] for loss in result.losses}
    expected = [prompty.read(prompty.dump(prompt)[0]).prompt for prompt in some]

    def key(prompt: Prompt) -> str:
        return prompt.model_dump_json()

    assert sorted(key(entry.prompt) for entry in entries) == sorted(map(key, expected))
    kept = [entry.prompt.model_copy(update={"turns": ()}) for entry in entries if entry.path not in lossy]
    assert all(prompt in [p.model_copy(update={"turns": ()}) for p in some] for prompt in kept)


def test_what_a_file_cannot_hold_is_said_when_writing() -> None:
    prompt = Prompt(name="Keys", metadata={"secret": "${env:KEY}"})
    result = write_bundle([BundleItem(prompt)], name="K", created=CREATED)
    (loss,) = result.losses
    assert loss.startswith("keys.prompty: metadata.secret: ")
    assert read_bundle(result.data).entries[0].prompt.metadata == {}


def test_a_prompt_that_packs_better_than_any_bundle_may_is_still_read() -> None:
    long = Prompt(name="Long", turns=(Turn(role="user", template="x" * 500_000),))
    assert read_bundle(written(long)).entries[0].prompt == long


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        (Prompt(name="Half", turns=(Turn(role="user", template="\ud800"),)), "half a character"),
        (Prompt(name="Half", cases=({"x": "\ud800"},)), "half a character"),
        (Prompt(name="Odd", cases=({"x": float("nan")},)), "cannot be written"),
        (Prompt(name="Odd", cases=({"x": 10**5000},)), "cannot be written"),
        (Prompt(name="Odd", cases=({"x": {1: 2}},)), "cannot be written"),
        (Prompt(name="Huge", turns=(Turn(role="user", template="x" * 2_000_001),)), "2,000,000 bytes"),
    ],
)
def test_a_prompt_that_no_file_can_hold_is_named_when_writing(prompt: Prompt, words: str) -> None:
    with pytest.raises(PromptError, match=words) as caught:
        written(TONE, prompt)
    assert prompt.name in str(caught.value)


def test_a_bundle_has_from_one_to_two_thousand_prompts_with_cases() -> None:
    some = [Prompt(name=f"P {n}", cases=({"n": n},)) for n in range(2_001)]
    seen: list[tuple[int, int]] = []
    entries = read_bundle(written(*some[:-1]), report=lambda done, of: seen.append((done, of))).entries
    assert len(entries) == 2_000
    assert seen == [(n, 2_000) for n in range(1, 2_001)]
    for number in (0, 2_001):
        with pytest.raises(PromptError, match="cannot be written"):
            written(*some[:number])
    files = {f"p{n}.prompty": b"" for n in range(2_001)}
    assert "2,001 prompts" in refusal(zipped(files))


def test_a_bundle_is_read_from_its_path_too(tmp_path: Path) -> None:
    path = tmp_path / "mine.zip"
    path.write_bytes(written(TONE))
    assert read_bundle(path).entries[0].prompt == TONE
    with pytest.raises(PromptError, match="no.zip cannot be read"):
        read_bundle(tmp_path / "no.zip")


def test_a_bundle_that_another_zip_program_packed_again_is_read() -> None:
    members = [("bundle.json", manifest({"a/tone.prompty": TEXT})), ("a/", b""), ("a/tone.prompty", TEXT)]

    def as_folder(info: zipfile.ZipInfo) -> None:
        info.external_attr = ((stat.S_IFDIR if info.filename.endswith("/") else stat.S_IFREG) | 0o755) << 16

    assert read_bundle(packed(members, as_folder)).entries[0].prompt == TONE


# --- one bad file is an entry -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xff\xfe", "not UTF-8"),
        (b"---\nname: x\nname: y\n---\n", "twice"),
        (b"---\nname: !!python/object:os.system x\n---\n", "tags"),
        (b"---\na: &a [x]\nb: *a\n---\n", "alias"),
        (b"---\nname: x\n", "front matter"),
        (b"---\nname: x\n--- {name: y}\n---\n", "second document"),
        (b"---\nx: " + b"[" * 40 + b"]" * 40 + b"\n---\n", "nested more than 40 deep"),
        (b"---\nx: [" + b"1," * 100_000 + b"]\n---\n", "more than 100,000 values"),
        (b"---\n[x]: y\n---\n", "a key must be one word"),
        (b"x" * 2_000_001, "2,000,000 bytes"),
    ],
)
def test_a_file_that_is_no_prompt_is_an_entry_with_an_error_beside_the_others(
    content: bytes, words: str
) -> None:
    files = {"bad.prompty": content, "good.prompty": TEXT}
    bad, good = read_bundle(zipped(files, stored)).entries
    assert bad.error is not None
    assert words in str(bad.error)
    assert (bad.prompt, good.error, good.prompt) == (Prompt(name="bad"), None, TONE)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (b"[1]", "line 1 is not an object"),
        (b'{"a": 1}\n{"a": ', "line 2: "),
        (b'{"a": NaN}', "not a JSON number"),
        (b'{"a": 1e999}', "number is too large"),
        (b'{"a": 1, "a": 2}', "twice"),
        (b'{"a": ' + b"[" * 100_000, "not usable JSON"),
        (b'{"a": ' + b"[" * 41 + b"]" * 41 + b"}", "nested"),
        (b'{"a": ' + b"9" * 5000 + b"}", "not usable JSON"),
        (b'{"a": "\\ud800"}', "half a character"),
        (b"\xff", "not UTF-8"),
    ],
)
def test_cases_that_cannot_be_read_are_an_error_of_their_prompt(rows: bytes, words: str) -> None:
    (entry,) = read_bundle(zipped({"t.prompty": TEXT, "data/t.jsonl": rows}, stored)).entries
    assert entry.error is not None
    assert words in str(entry.error)


def test_cases_of_the_data_file_take_the_place_of_those_in_the_prompt() -> None:
    (entry,) = read_bundle(zipped({"t.prompty": TEXT, "data/t.jsonl": b'\n{"mail": "x"}\r\n'})).entries
    assert entry.prompt.cases == ({"mail": "x"},)
    assert entry.losses == ("cases: those of data/t.jsonl take their place",)


def test_data_without_a_prompt_is_an_entry_with_an_error() -> None:
    good, stray = read_bundle(zipped({"t.prompty": TEXT, "data/other.jsonl": b"{}"})).entries
    assert (good.error, stray.path) == (None, "data/other.jsonl")
    assert "belongs to no prompt" in str(stray.error)


def test_a_template_is_read_as_text_and_never_rendered() -> None:
    trap = Prompt(
        name="Trap",
        turns=(Turn(role="user", template="{% for i in range(10**9) %}{{ 1 // 0 }}{% endfor %}"),),
    )
    assert read_bundle(written(trap)).entries[0].prompt == trap


# --- names, kinds and packing -------------------------------------------------------------------------------


def stored(info: zipfile.ZipInfo) -> None:
    info.compress_type = zipfile.ZIP_STORED


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("/etc/x.prompty", "absolute path"),
        ("//server/x.prompty", "absolute path"),
        ("../x.prompty", "`..`"),
        ("a/../../x.prompty", "`..`"),
        ("a/..", "`..`"),
        ("a\\x.prompty", "backslash"),
        ("..\\x.prompty", "backslash"),
        ("C:/x.prompty", "drive letter"),
        ("c:x.prompty", "drive letter"),
        ("x.prompty:stream", "colon"),
        ("x\0.prompty", "control character"),
        ("x\n.prompty", "control character"),
        ("x\x1b[2J.prompty", "control character"),
        ("x\u202eytpmorp.prompty", "control character"),
        ("x" * 193 + ".prompty", "201 characters"),
        ("x/" * 2_000 + "x.prompty", "4,009 characters"),
        ("./x.prompty", "empty part"),
        ("a//x.prompty", "empty part"),
        ("", "empty part"),
        ("a./x.prompty", "dot or a blank"),
        ("a /x.prompty", "dot or a blank"),
        ("aux/x.prompty", "device"),
        ("NUL.prompty", "device"),
        ("x.exe", "neither a prompt nor data"),
        ("x.jsonl", "neither a prompt nor data"),
        ("x.zip", "neither a prompt nor data"),
    ],
)
def test_a_name_that_could_do_harm_refuses_the_bundle(name: str, words: str) -> None:
    assert words in refusal(zipped({name: TEXT}))


@pytest.mark.parametrize(
    "names",
    [
        ("a.prompty", "a.prompty"),
        ("a.prompty", "A.prompty"),
        ("straße.prompty", "STRASSE.prompty"),
        (unicodedata.normalize("NFC", "é.prompty"), unicodedata.normalize("NFD", "é.prompty")),
        ("x.prompty/", "x.prompty"),
        ("bundle.json", "a.prompty"),
        ("BUNDLE.JSON", "a.prompty"),
    ],
)
def test_two_names_that_some_system_takes_for_one_refuse_the_bundle(names: tuple[str, str]) -> None:
    members = [("bundle.json", manifest(dict.fromkeys(names, b""))), *((name, b"") for name in names)]
    text = refusal(packed(members))
    assert "stands in it twice" in text or "on some systems" in text


def test_a_file_inside_another_file_refuses_the_bundle() -> None:
    assert "which is a file" in refusal(zipped({"a.prompty": TEXT, "a.prompty/b.prompty": TEXT}))


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        (stat.S_IFLNK | 0o777, "is a link"),
        (stat.S_IFIFO, "not an ordinary"),
        (stat.S_IFCHR, "not an ordinary"),
    ],
)
def test_links_and_devices_refuse_the_bundle(mode: int, words: str) -> None:
    def change(info: zipfile.ZipInfo) -> None:
        info.external_attr = mode << 16

    assert words in refusal(zipped({"x.prompty": b"/etc/passwd"}, change))


@pytest.mark.parametrize(
    "inner", [written(TONE), b"\x1f\x8b\x08\0", b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07\x01"]
)
def test_an_archive_inside_refuses_the_bundle(inner: bytes) -> None:
    assert "archive inside" in refusal(zipped({"x.prompty": inner}))


def test_a_folder_with_content_refuses_the_bundle() -> None:
    assert "folder with content" in refusal(zipped({"x/": b"hidden"}))


def spoiled(data: bytes, at: int, form: str, value: int) -> bytes:
    """The zip with one field of the last row of its central directory replaced."""
    row = data.rfind(b"PK\x01\x02") + at
    return data[:row] + struct.pack(form, value) + data[row + struct.calcsize(form) :]


def test_an_encrypted_entry_refuses_the_bundle() -> None:
    assert "is encrypted" in refusal(spoiled(written(TONE), 8, "<H", 1))


@pytest.mark.parametrize("method", [9, 12, 14, 93, 99])
def test_an_unknown_or_rare_packing_refuses_the_bundle(method: int) -> None:
    assert f"method {method}" in refusal(spoiled(written(TONE), 10, "<H", method))


# --- sizes and counts ---------------------------------------------------------------------------------------


def test_a_file_that_unpacks_to_more_than_a_hundred_times_its_size_refuses_the_bundle() -> None:
    assert "100 times" in refusal(zipped({"x.prompty": b"x" * 1_000_000}))


def test_a_size_in_a_header_is_not_believed() -> None:
    bomb = zipped({"x.prompty": b"x" * 1_000_000})
    for size in (10, 0):  # the file says that it is small
        assert "damaged" in refusal(spoiled(bomb, 24, "<L", size))
    # ... and that it was packed from much.
    assert refusal(spoiled(bomb, 20, "<L", 500_000))


def test_files_that_share_their_bytes_are_refused() -> None:
    # Each file is a stored block that quotes the head of the next file, and then that file's own stream.
    content = b"".join(b"%05d" % n + b"x" * 250 for n in range(2_000))
    stream = zlib.compress(content, 9, wbits=-15)
    names = [b"x%d.prompty" % n for n in range(20)]
    rows: list[tuple[bytes, tuple[int, ...]]] = []
    head = b""
    for name in reversed(names):
        if head:
            stream = struct.pack("<BHH", 0, len(head) + 1, 0xFFFF - len(head) - 1) + b"h" + head + stream
            content = b"h" + head + content
        facts = (20, 0, 8, 0, 33, zlib.crc32(content), len(stream), len(content), len(name), 0)
        head = struct.pack("<4s5H3L2H", archive.MAGIC, *facts) + name
        rows.insert(0, (name, facts))
    offsets = [n * (len(head) + 6) + max(0, n - 10) for n in range(20)]
    directory = b"".join(
        struct.pack("<4s6H3L5H2L", b"PK\x01\x02", 20, *facts, 0, 0, 0, 0, at) + name
        for (name, facts), at in zip(rows, offsets, strict=True)
    )
    local = head + stream
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 20, 20, len(directory), len(local), 0)
    assert len(content) < 100 * len(stream)
    assert 'x0.prompty" shares bytes with what comes after it' in refusal(local + directory + end)


def test_more_than_32_mib_unpacked_refuse_the_bundle_and_are_not_unpacked_to_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    content = bytes(range(256)) * 2_048
    data = zipped({f"x{n}.prompty": content for n in range(9)}, stored)
    monkeypatch.setattr(archive, "MAX_BYTES", 2**20)
    opened: list[str] = []
    real = zipfile.ZipFile.open

    def opens(self: zipfile.ZipFile, info: zipfile.ZipInfo) -> Any:
        opened.append(info.filename)
        return real(self, info)

    monkeypatch.setattr(zipfile.ZipFile, "open", opens)
    assert "1 MiB unpacked" in refusal(data)
    assert opened == ["bundle.json", "x0.prompty", "x1.prompty"]


def test_a_file_larger_than_any_bundle_is_not_even_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "big.zip"
    with path.open("wb") as stream:
        stream.truncate(10**12)
    monkeypatch.setattr(archive, "unpack", None)
    with pytest.raises(PromptError, match="40 MiB"):
        read_bundle(path)


def directory_of(number: int, count: int) -> bytes:
    """A zip whose directory has `number` rows and whose end says `count`."""
    local = struct.pack("<4s5H3L2H", archive.MAGIC, 20, 0, 0, 0, 33, 0, 0, 0, 8, 0) + b"00000000"
    rows = b"".join(
        struct.pack("<4s6H3L5H2L", b"PK\x01\x02", 20, 20, 0, 0, 0, 33, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0)
        + b"%08d" % n
        for n in range(number)
    )
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, len(rows), len(local), 0)
    return local + rows + end


@pytest.mark.parametrize(
    ("number", "count"), [(5_000, 5_000), (100_000, 65_535), (100_000, 34_464), (100_000, 2)]
)
def test_too_many_entries_are_refused_before_a_list_of_them_is_made(
    number: int, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zipfile, "ZipFile", None)
    assert "entries" in refusal(directory_of(number, count))


def test_a_zip64_directory_is_refused_whatever_the_small_one_says() -> None:
    data = written(TONE)
    at = data.rfind(b"PK\x05\x06")
    locator = b"PK\x06\x07" + b"\0" * 16
    assert "zip64" in refusal(data[:at] + locator + data[at:])


def test_a_few_bytes_that_become_many_objects_refuse_the_bundle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "MAX_VALUES", 1_000)
    assert "values" in refusal(zipped({"x.prompty": b"---\nx: [" + b"[]," * 1_000 + b"]\n---\n"}, stored))


# --- bundle.json --------------------------------------------------------------------------------------------


def test_a_file_that_was_changed_is_missing_or_not_listed_refuses_the_bundle() -> None:
    files = {"x.prompty": TEXT, "y.prompty": TEXT}
    first = ("bundle.json", manifest(files))
    assert "was changed" in refusal(packed([first, ("x.prompty", TEXT), ("y.prompty", TEXT + b" ")]))
    assert "missing" in refusal(packed([first, ("x.prompty", TEXT)]))
    assert "not listed" in refusal(packed([first, *files.items(), ("z.prompty", TEXT)]))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"format": 2}, "Update the program"),
        ({"format": 0}, "format"),
        ({"format": "1"}, "format"),
        ({"name": None}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"created": "yesterday"}, "created"),
        ({"created": "2026-01-02T03:04:05"}, "created"),
        ({"files": []}, "files"),
        ({"files": {"x.prompty": {"sha256": "0"}}}, "sha256"),
        ({"files": {"x.prompty": {"sha256": "A" * 64}}}, "sha256"),
        ({"files": {"x.prompty": {"sha256": "a" * 64 + "\n"}}}, "sha256"),
        ({"files": {"x.prompty": {"sha256": "a" * 64, "history": ["zz"]}}}, "history"),
        (
            {"files": {"x.prompty": {"sha256": "a" * 64, "history": [f"{n:064}" for n in range(1_001)]}}},
            "history",
        ),
        ({"files": {"x.prompty": {"sha256": "a" * 64, "run": "rm"}}}, "run"),
        ({"exec": "rm"}, "exec"),
        ({"files": {}}, "not listed"),
    ],
)
def test_a_bundle_json_that_is_not_what_it_should_be_refuses_the_bundle(
    changes: dict[str, Any], words: str
) -> None:
    files = {"x.prompty": TEXT}
    assert words in refusal(packed([("bundle.json", manifest(files, changes)), *files.items()]))


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff\xfe\xfd", b"[]", b"1", b"null", b'"x"', b"[" * 100_000, b'{"format": 1, "format": 1}'],
)
def test_a_bundle_json_that_is_no_json_object_refuses_the_bundle(content: bytes) -> None:
    assert "bundle.json" in refusal(packed([("bundle.json", content)], stored))


def test_a_bundle_without_prompts_is_refused() -> None:
    assert "0 prompts" in refusal(zipped({}))
    assert "has no bundle.json" in refusal(packed([("x.prompty", TEXT)]))
    assert "has no bundle.json" in refusal(packed([]))


# --- damaged and disguised ----------------------------------------------------------------------------------


def test_a_zip_that_was_cut_off_anywhere_is_refused() -> None:
    data = written(TONE)
    texts = {refusal(data[:length]).split(":")[0] for length in range(0, len(data), 7)}
    assert len(texts) > 1


def test_a_changed_byte_never_gives_another_prompt_or_a_traceback() -> None:
    data = written(TONE)
    for at in range(0, len(data), 3):
        try:
            entries = read_bundle(data[:at] + bytes([data[at] ^ 0x5A]) + data[at + 1 :]).entries
        except PromptError as exc:
            assert exc.hint
        else:
            assert [entry.prompt for entry in entries] == [TONE]


@pytest.mark.parametrize("front", [b"#!/bin/sh\n", b"GIF89a", b"PK\x03\x04", b"MZ"])
def test_a_zip_with_something_before_it_is_refused(front: bytes) -> None:
    assert "zip file" in refusal(front + written(TONE))


@pytest.mark.parametrize("tail", [b"x", b"PK\x05\x06", b"\0" * 100, directory_of(1, 1)])
def test_a_zip_with_something_after_it_is_refused(tail: bytes) -> None:
    assert "zip file" in refusal(written(TONE) + tail)


def test_a_comment_at_the_end_is_no_harm() -> None:
    data = written(TONE)
    assert read_bundle(data[:-2] + b"\x05\0hello").entries[0].prompt == TONE


@pytest.mark.parametrize("data", [b"", b"PK", b"x" * 100, b"PK\x03\x04", b"PK\x05\x06" + b"\0" * 10])
def test_what_is_no_zip_is_refused(data: bytes) -> None:
    assert "zip file" in refusal(data)
