"""What a build rests on beside the nodes of the project."""

import json

import pytest

from lakehouse.builds.conditions import differences, read_conditions
from lakehouse.data.bronze import ensure_csv_purchases
from lakehouse.settings import Settings

MANIFEST = {
    "metadata": {"dbt_version": "1.11.16"},
    "nodes": {
        "model.p.x": {"resource_type": "model"},
        "operation.p.on-run-start-0": {
            "resource_type": "operation",
            "raw_code": "{{ register() }}",
            "depends_on": {"macros": ["macro.p.register"]},
        },
    },
    "macros": {
        "macro.p.register": {"macro_sql": "a", "depends_on": {"macros": ["macro.p.inner"]}},
        "macro.p.inner": {"macro_sql": "b", "depends_on": {"macros": ["macro.p.register"]}},
        "macro.p.other": {"macro_sql": "c", "depends_on": {"macros": []}},
    },
}


@pytest.fixture
def settings(tmp_path) -> Settings:
    found = Settings(var_dir=tmp_path, root="", _env_file=None)
    ensure_csv_purchases(found.table_path("bronze", "csv_purchases"))
    return found


def test_conditions_are_the_same_when_nothing_changed(settings):
    now = read_conditions(MANIFEST, "{}", settings)
    assert differences(json.loads(json.dumps(now)), now) == []
    assert now["variables"]["folds"] == 10
    assert "models" not in now["project"]
    assert list(now["hooks"]) == [
        "operation.p.on-run-start-0",
        "macro.p.register",
        "macro.p.inner",
    ]


def test_a_variable_given_to_the_build_goes_before_that_of_the_project(settings):
    before = read_conditions(MANIFEST, "{}", settings)
    now = read_conditions(MANIFEST, "{folds: 5}", settings)
    assert differences(before, now) == ["the variable folds is 5, not 10"]
    assert differences(now, before) == ["the variable folds is 10, not 5"]


def test_a_lakehouse_made_anew_in_the_same_place_is_another(settings, tmp_path):
    before = read_conditions(MANIFEST, "{}", settings)
    elsewhere = settings.model_copy(update={"root": str(tmp_path / "elsewhere")})
    ensure_csv_purchases(elsewhere.table_path("bronze", "csv_purchases"))
    made_anew = read_conditions(MANIFEST, "{}", elsewhere) | {"root": before["root"]}
    (reason,) = differences(before, made_anew)
    assert reason.endswith("are not those that the state tells of")


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("root", "/other", "the tables in /other are not those that the state tells of"),
        ("dbt", "1.12.0", "dbt is 1.12.0, not 1.11.16"),
        ("hooks", {}, "the hooks that each run begins and ends with have changed"),
        ("project", {"on-run-end": ["x"]}, "on-run-end in dbt_project.yml has changed"),
        ("variables", {"new": 1}, "the variable new is 1, not absent"),
    ],
)
def test_each_condition_that_differs_is_named(key, value, reason):
    before = {"root": "/here", "dbt": "1.11.16", "hooks": {"a": "b"}}
    assert differences(before, before | {key: value}) == [reason]
