"""Settings come from the environment and from .env, and .env.example lists them all."""

import re

import pytest
from pydantic import SecretStr

from lakehouse.errors import SettingsError
from lakehouse.settings import PROJECT_DIR, Settings, settings

ENTRY = re.compile(r"^# (?P<text>.+)\.\n#(?P<name>\w+)=(?P<default>.*)$", re.MULTILINE)


def documented() -> dict[str, tuple[str, str]]:
    """Name -> description and default, of every entry of .env.example."""
    entries = ENTRY.finditer((PROJECT_DIR / ".env.example").read_text())
    return {entry["name"]: (entry["text"], entry["default"]) for entry in entries}


def shown(default: object) -> str:
    plain = default.get_secret_value() if isinstance(default, SecretStr) else default
    return "" if plain is None else str(plain).replace(f"{PROJECT_DIR}/", "")


@pytest.fixture
def read_settings(monkeypatch):
    """Reads the settings anew, as a new process would."""

    def read(**environment: str) -> Settings:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return settings.__wrapped__()

    return read


def test_the_example_lists_exactly_the_settings_with_their_defaults():
    listed = {name: entry for name, entry in documented().items() if name.startswith("LAKEHOUSE_")}
    assert listed == {
        f"LAKEHOUSE_{name.upper()}": (field.description, shown(field.default))
        for name, field in Settings.model_fields.items()
    }


def test_an_example_with_every_entry_in_force_changes_no_setting(tmp_path, monkeypatch):
    for name in documented():
        monkeypatch.delenv(name, raising=False)
    text = (PROJECT_DIR / ".env.example").read_text()
    (tmp_path / ".env").write_text(re.sub(r"^#(?=\w+=)", "", text, flags=re.MULTILINE))
    assert "\nLAKEHOUSE_CSV=\n" in (tmp_path / ".env").read_text()
    assert Settings(_env_file=tmp_path / ".env") == Settings(_env_file=None)


def test_the_environment_wins_over_the_file(tmp_path, monkeypatch):
    (tmp_path / ".env").write_text("LAKEHOUSE_THRIFT_PORT=10001\nLAKEHOUSE_SEED=7\n")
    monkeypatch.setenv("LAKEHOUSE_THRIFT_PORT", "10002")
    read = Settings(_env_file=tmp_path / ".env")
    assert (read.thrift_port, read.seed) == (10002, 7)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LAKEHOUSE_THRIFT_PORT", "abc"),
        ("LAKEHOUSE_THRIFT_PORT", "70000"),
        ("LAKEHOUSE_SYNTHETIC_ROWS", "0"),
        ("LAKEHOUSE_SEED", "1.5"),
    ],
)
def test_a_value_that_cannot_work_names_its_variable_and_itself(read_settings, name, value):
    with pytest.raises(SettingsError) as raised:
        read_settings(**{name: value})
    assert str(raised.value).startswith(f"{name}='{value}': ")
    assert str(raised.value).endswith("Correct it in the environment or in .env")


def test_relative_folders_start_at_the_project_wherever_a_process_runs(
    read_settings, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    read = read_settings(LAKEHOUSE_VAR_DIR="elsewhere", LAKEHOUSE_ROOT="lake/")
    assert read.var_dir == PROJECT_DIR / "elsewhere"
    assert read.table_path("marts", "fct_purchases") == f"{PROJECT_DIR}/lake/marts.db/fct_purchases"


def test_an_object_store_may_be_the_root(read_settings):
    read = read_settings(LAKEHOUSE_ROOT="s3a://bucket/lake/")
    assert read.table_path("bronze", "csv_purchases") == "s3a://bucket/lake/bronze.db/csv_purchases"
