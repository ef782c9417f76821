"""The number of answers at once that was learnt or chosen for a server."""

from __future__ import annotations

from pathlib import Path

import pytest

from playground.backends.bounds import Bound, bound_of, keep_bound, learnt
from playground.backends.servers import Server
from playground.errors import SettingsError
from playground.settings import Settings

BOX = Server("box", "vllm", "http://127.0.0.1:8000")


def test_a_number_is_kept_for_its_server_and_address_until_it_is_forgotten(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    keep_bound(settings, BOX, Bound(32, died_under=64))
    keep_bound(settings, Server("other", "vllm", "http://127.0.0.1:8001"), Bound(5))
    assert bound_of(settings, BOX) == Bound(32, died_under=64)
    assert bound_of(settings, Server("box", "vllm", "http://127.0.0.1:9")) is None
    keep_bound(settings, BOX, None)
    assert bound_of(settings, BOX) is None
    assert bound_of(settings, Server("other", "vllm", "http://127.0.0.1:8001")) == Bound(5)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", '{"box": 5}', '{"box": {"url": "http://127.0.0.1:8000", "answers": 0}}', "\udcff"],
)
def test_a_file_of_any_shape_does_no_harm(tmp_path: Path, text: str) -> None:
    (tmp_path / "parallel.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    assert bound_of(Settings(data_dir=tmp_path), BOX) is None


@pytest.mark.parametrize("answers", [0, -1, 1001])
def test_a_number_that_cannot_be_is_refused(tmp_path: Path, answers: int) -> None:
    with pytest.raises(SettingsError, match="1 to 1,000"):
        keep_bound(Settings(data_dir=tmp_path), BOX, Bound(answers))


def test_half_of_what_was_under_way_is_asked_for_next() -> None:
    assert [learnt(n).answers for n in (64, 33, 3, 2, 1)] == [32, 16, 1, 1, 1]


def test_what_was_learnt_grows_back_after_enough_answers_and_more_slowly_after_each_death() -> None:
    """Somebody may have ended the server; a weak one goes away ever more seldom."""
    once = learnt(16)
    assert (once.proof, once.grown(64)) == (160, Bound(16, died_under=16))
    twice = learnt(16, once.grown(64))
    assert (twice, twice.proof) == (Bound(8, died_under=16, deaths=2), 640)
    assert twice.grown(12).answers == 12, "never beyond what is usual"
    assert (Bound(8).proof, learnt(4, Bound(8)).deaths) == (0, 1), "what somebody chose stays"


def test_a_file_of_before_deaths_were_counted_is_read(tmp_path: Path) -> None:
    row = '{"box": {"url": "http://127.0.0.1:8000", "answers": 4, "died_under": 8}}'
    (tmp_path / "parallel.json").write_text(row)
    assert bound_of(Settings(data_dir=tmp_path), BOX) == Bound(4, died_under=8)
