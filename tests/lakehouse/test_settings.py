"""Settings come from the environment and from .env, and .env.example lists them all."""

import re

import pytest
from pydantic import SecretStr

from lakehouse.errors import SettingsError
from lakehouse.setting_rules import check_names
from lakehouse.settings import OF_PROFILES, PROJECT_DIR, Settings, settings
from lakehouse.spark import spark_conf

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
        ("LAKEHOUSE_DBT_CI_ID", "x-y"),
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


def test_further_settings_of_spark_win_over_those_of_the_project(tmp_path):
    chosen = Settings(
        var_dir=tmp_path, spark_settings="spark.ui.enabled=true spark.a=b=c", _env_file=None
    )
    conf = spark_conf(chosen)
    assert (conf["spark.ui.enabled"], conf["spark.a"]) == ("true", "b=c")


@pytest.mark.parametrize("text", ["ui.enabled=true", "spark.ui.enabled", "spark.ui.enabled= true"])
def test_a_further_setting_that_spark_could_not_read_is_named(read_settings, text):
    with pytest.raises(SettingsError, match=r"LAKEHOUSE_SPARK_SETTINGS.*is no spark\.key=value"):
        read_settings(LAKEHOUSE_SPARK_SETTINGS=text)


def test_a_tilde_is_the_home_and_no_folder_of_that_name(read_settings, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    read = read_settings(
        LAKEHOUSE_VAR_DIR="~/var", LAKEHOUSE_ROOT="~/lake", LAKEHOUSE_CSV="~/a.csv"
    )
    assert (read.var_dir, read.csv) == (tmp_path / "var", tmp_path / "a.csv")
    assert read.lakehouse_root == str(tmp_path / "lake")


@pytest.mark.parametrize("value", ["~nobody-of-that-name/var", "$HOME/var"])
def test_a_home_or_a_variable_that_stands_for_nothing_is_refused(read_settings, value):
    with pytest.raises(SettingsError, match=r"^LAKEHOUSE_VAR_DIR="):
        read_settings(LAKEHOUSE_VAR_DIR=value)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("LAKEHOUSE_THRIFT_PROT", "LAKEHOUSE_THRIFT_PORT"),
        ("LAKEHOUSE_SYNTETIC_ROWS", "LAKEHOUSE_SYNTHETIC_ROWS"),
        ("lakehouse_vardir", "LAKEHOUSE_VAR_DIR"),
    ],
)
def test_a_mistyped_name_is_refused_with_the_one_that_is_meant(
    read_settings, monkeypatch, tmp_path, name, meant
):
    with pytest.raises(SettingsError, match=f"^{name} in the environment .* Is {meant} meant"):
        read_settings(**{name: "1"})
    monkeypatch.delenv(name)
    (tmp_path / ".env").write_text(f"\ufeff{name}=1\n")
    with pytest.raises(SettingsError, match=rf"^{name} in .*\.env is no setting"):
        check_names({meant}, tmp_path / ".env")


def test_a_name_of_nothing_at_all_is_refused_too(read_settings):
    with pytest.raises(SettingsError, match=r"LAKEHOUSE_ÄÖÜ_QQQQQQQ .* Remove it"):
        read_settings(LAKEHOUSE_ÄÖÜ_QQQQQQQ="1")


def test_names_of_the_profile_and_in_any_case_are_taken(read_settings):
    profile = (PROJECT_DIR / "profiles" / "profiles.yml").read_text()
    asked = set(re.findall(r"env_var\('(LAKEHOUSE_\w+)'", profile))
    fields = {f"LAKEHOUSE_{name.upper()}" for name in Settings.model_fields}
    assert asked - fields == set(OF_PROFILES)
    read = read_settings(lakehouse_seed="5", **dict.fromkeys(OF_PROFILES, "1"))
    assert read.seed == 5


def test_a_mark_before_the_first_name_of_the_file_is_no_part_of_it(tmp_path, monkeypatch):
    monkeypatch.delenv("LAKEHOUSE_SEED", raising=False)
    (tmp_path / ".env").write_bytes(b"\xef\xbb\xbfLAKEHOUSE_SEED=7\r\n")
    assert Settings(_env_file=tmp_path / ".env").seed == 7


@pytest.mark.parametrize(
    "name", ["it's", "a b", "ü", '"q"', "5 %", "#1", "日本", "{y}", "*", "$z", "&"]
)
def test_a_folder_may_have_any_usual_name(read_settings, name):
    assert read_settings(LAKEHOUSE_VAR_DIR=f"/srv/{name}").var_dir.name == name


@pytest.mark.parametrize(
    "name", ["a:b", "a;b", "a,b", "[x]", "a|b", "a\\b", "x^2", "a%20b", "a\nb"]
)
@pytest.mark.parametrize("setting", ["LAKEHOUSE_VAR_DIR", "LAKEHOUSE_ROOT"])
def test_a_folder_in_which_a_library_fails_is_refused_in_one_line(read_settings, setting, name):
    with pytest.raises(
        SettingsError, match=f"^{setting}=.* in a path means something else"
    ) as said:
        read_settings(**{setting: f"/srv/{name}"})
    assert "\n" not in str(said.value)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "shop.example.org"])  # noqa: S104
def test_nothing_listens_beyond_this_machine_without_a_login(read_settings, host):
    with pytest.raises(SettingsError, match=r"LAKEHOUSE_THRIFT_HOST=.*SSH tunnel"):
        Settings(thrift_host=host, _env_file=None)
    with pytest.raises(SettingsError, match=r"LAKEHOUSE_DASHBOARD_HOST=.*without a login"):
        read_settings(LAKEHOUSE_DASHBOARD_HOST=host, LAKEHOUSE_DASHBOARD_USERNAME="me")
    login = {"dashboard_username": "me", "dashboard_password": SecretStr("secret")}
    assert Settings(dashboard_host=host, **login, _env_file=None).dashboard_host == host
