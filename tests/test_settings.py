"""Settings come from arguments, then the environment; values that cannot work are refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from playground import settings as module
from playground.settings import Settings, default_data_dir, embedded_model_path


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No PLAYGROUND_ variable of the machine, and a working folder that is no checkout."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"PLAYGROUND_{name.upper()}", raising=False)
    monkeypatch.chdir(tmp_path)


def test_the_app_is_private_by_default():
    settings = Settings()
    assert (settings.host, settings.port, settings.allowed_hosts) == ("127.0.0.1", 7860, ())


def test_every_field_can_come_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("PLAYGROUND_PORT", "7861")
    monkeypatch.setenv("PLAYGROUND_DATA_DIR", str(tmp_path / "here"))
    monkeypatch.setenv("PLAYGROUND_EMBEDDED", "false")
    monkeypatch.setenv("PLAYGROUND_ALLOWED_HOSTS", '["prompts.example"]')
    settings = Settings()
    assert (settings.port, settings.embedded) == (7861, False)
    assert settings.database_path == tmp_path / "here" / "playground.db"
    assert settings.allowed_hosts == ("prompts.example",)


def test_an_argument_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PLAYGROUND_PORT", "7861")
    assert Settings(port=7862).port == 7862


def test_variables_of_other_programs_are_left_alone(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PORT", "1")
    monkeypatch.setenv("PLAYGROUND_SOMETHING_ELSE", "1")
    assert Settings().port == 7860


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("port", 0),
        ("port", 65536),
        ("port", "http"),
        ("context_tokens", 0),
        ("engine_memory_mb", -1),
        ("engine_parallel", 0),
        ("render_seconds", 0),
        ("render_chars", 1),
    ],
)
def test_a_value_that_cannot_work_is_refused(field: str, value: object):
    with pytest.raises(ValidationError) as caught:
        Settings(**{field: value})
    assert caught.value.errors()[0]["loc"] == (field,)


def test_data_is_kept_beside_the_code_in_a_checkout(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "playground").mkdir()
    (tmp_path / "playground" / "settings.py").touch()
    (tmp_path / "prompts").mkdir()
    assert default_data_dir() == tmp_path / "data"


def test_data_is_kept_in_the_users_folder_elsewhere(tmp_path: Path):
    assert default_data_dir().name == "prompt-playground"
    assert tmp_path not in default_data_dir().parents


def test_the_embedded_model_is_found_without_importing_its_package():
    path = embedded_model_path()
    assert path is not None
    assert path.suffix == ".gguf"
    assert path.is_file()


def test_without_the_package_there_is_no_embedded_model(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "find_spec", lambda _: None)
    assert embedded_model_path() is None
