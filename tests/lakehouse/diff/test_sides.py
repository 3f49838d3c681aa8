"""Which two sides of a table are compared."""

import json
import re
import shutil
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from lakehouse.diff.sides import node_of, state_pairs, target_pairs, version_pair, written_at
from lakehouse.errors import TableError
from lakehouse.maintenance.good_states import record_good_state
from lakehouse.settings import Settings
from lakehouse.tables import TableName, open_table

FACTS = TableName("marts", "facts")


@pytest.fixture
def settings(tmp_path) -> Settings:
    return Settings(var_dir=tmp_path, root="", _env_file=None)


def write(settings: Settings, name: str, count: int = 1) -> None:
    """Commit a number of versions of a table."""
    table = TableName.parse(name)
    for row in range(count):
        path = settings.table_path(table.schema, table.table)
        write_deltalake(path, pa.table({"id": [row]}), mode="overwrite")


def versions(pair):
    return pair.before.version(), pair.after.version()


@pytest.mark.parametrize(
    ("span", "expected"), [(None, (2, 3)), ("1", (1, 3)), ("0..2", (0, 2)), ("2..0", (2, 0))]
)
def test_two_versions_are_named_or_the_last_two(settings, span, expected):
    write(settings, "marts.facts", 4)
    assert versions(version_pair(FACTS, span, None, settings)) == expected


@pytest.mark.parametrize("span", ["", "a..b", "1..", "..2", "1..2..3", "-1", "1-2"])
def test_a_span_of_another_form_is_refused(settings, span):
    write(settings, "marts.facts", 3)
    with pytest.raises(TableError, match="is no span of versions"):
        version_pair(FACTS, span, None, settings)


def test_a_version_that_is_not_there_and_a_first_version_say_what_to_do(settings):
    write(settings, "marts.facts")
    with pytest.raises(TableError, match="make history"):
        version_pair(FACTS, "0..9", None, settings)
    with pytest.raises(TableError, match="has one version"):
        version_pair(FACTS, None, None, settings)


def test_the_moment_of_a_version_is_that_of_its_own_commit(settings):
    write(settings, "marts.facts", 3)
    log = Path(settings.table_path("marts", "facts")) / "_delta_log"
    for version in range(3):
        (commit,) = [
            action["commitInfo"]
            for line in (log / f"{version:020}.json").read_text().splitlines()
            if "commitInfo" in (action := json.loads(line))
        ]
        opened = open_table(FACTS, settings, version)
        assert written_at(opened).timestamp() * 1000 == pytest.approx(commit["timestamp"])


def manifest(prefix: str, *names: str) -> dict:
    def node(name: str) -> dict:
        schema, table = name.split(".")
        return {"resource_type": "model", "schema": f"{prefix}{schema}", "alias": table}

    return {"nodes": {f"model.p.{name}": node(name) for name in names}, "sources": {}}


NAMES = ("marts.facts", "marts.other", "staging.a_view")
IN_PRODUCTION, IN_DEV = manifest("", *NAMES), manifest("dev_anna_", *NAMES)


def test_what_a_target_has_built_stands_beside_production(settings):
    for name in ("marts.facts", "marts.other", "dev_anna_marts.facts"):
        write(settings, name)
    sides = target_pairs(IN_PRODUCTION, IN_DEV, [], settings)
    (pair,) = sides.pairs
    assert (pair.name, pair.unique_id) == (FACTS, "model.p.marts.facts")
    assert "/marts.db/facts" in pair.before.table_uri
    assert "/dev_anna_marts.db/facts" in pair.after.table_uri
    assert sides.lone == sides.notes == []


def test_a_table_that_production_lacks_or_has_anew_is_told(settings):
    write(settings, "dev_anna_marts.facts")
    write(settings, "dev_anna_marts.other")
    write(settings, "marts.facts")
    sides = target_pairs(IN_PRODUCTION, IN_DEV, [], settings)
    assert [pair.name for pair in sides.pairs] == [FACTS]
    (note,) = sides.notes
    assert note.startswith("dev_anna_marts.facts was written before marts.facts")
    assert sides.lone == ["dev_anna_marts.other has no counterpart in production."]


def commits(settings, schema, table):
    return sorted(Path(settings.table_path(schema, table)).glob("_delta_log/*.json"))


def test_what_an_environment_has_cloned_and_not_built_is_left_out(settings):
    for table in ("marts.facts", "marts.other"):
        write(settings, table)
        write(settings, f"dev_anna_{table}")
    commit = commits(settings, "dev_anna_marts", "facts")[-1]
    commit.write_text(re.sub(r'"operation":"[^"]+"', '"operation":"CLONE"', commit.read_text()))
    sides = target_pairs(IN_PRODUCTION, IN_DEV, [], settings)
    assert [str(pair.name) for pair in sides.pairs] == ["marts.other"]
    assert sides.lone == []


def test_a_table_that_cannot_be_opened_does_not_hide_the_others(settings):
    for table in ("marts.facts", "marts.other"):
        write(settings, table)
        write(settings, f"dev_anna_{table}")
    write(settings, "dev_anna_marts.facts")
    commits(settings, "dev_anna_marts", "facts")[0].write_text("{")
    sides = target_pairs(IN_PRODUCTION, IN_DEV, [], settings)
    assert [str(pair.name) for pair in sides.pairs] == ["marts.other"]
    assert sides.lone[0].startswith("dev_anna_marts.facts is not compared: Table ")


def test_a_model_that_was_renamed_since_is_compared_with_its_old_table(settings):
    write(settings, "marts.facts")
    write(settings, "dev_anna_marts.renamed")
    renamed = manifest("dev_anna_", "marts.facts")
    renamed["nodes"]["model.p.marts.facts"]["alias"] = "renamed"
    (pair,) = target_pairs(IN_PRODUCTION, renamed, [FACTS], settings).pairs
    assert "/dev_anna_marts.db/renamed" in pair.after.table_uri


@pytest.mark.parametrize(
    ("only", "says"),
    [
        ([], "has no table to compare with production"),
        ([FACTS], "There is no table dev_anna_marts.facts"),
        ([TableName("marts", "nothing")], "dbt builds no table marts.nothing"),
    ],
)
def test_where_there_is_nothing_to_compare_it_says_what_to_do(settings, only, says):
    write(settings, "marts.facts")
    with pytest.raises(TableError, match=says):
        target_pairs(IN_PRODUCTION, IN_DEV, only, settings)


def test_a_table_is_found_among_sources_and_nodes_and_not_among_tests():
    known = manifest("", "marts.facts")
    known["nodes"]["test.p.x"] = {"resource_type": "test", "schema": "audit", "alias": "x"}
    known["sources"]["source.p.x"] = {
        "resource_type": "source",
        "schema": "bronze",
        "identifier": "sales",
    }
    assert node_of(FACTS, known) == "model.p.marts.facts"
    assert node_of(TableName("bronze", "sales"), known) == "source.p.x"
    assert node_of(TableName("audit", "x"), known) is None


def test_two_good_states_differ_in_the_tables_that_dbt_built_in_between(settings):
    write(settings, "marts.facts", 2)
    write(settings, "marts.other")
    write(settings, "bronze.sales")
    record_good_state(settings)
    write(settings, "marts.facts")
    write(settings, "bronze.sales")
    record_good_state(settings)
    write(settings, "marts.facts")
    sides, (before, after) = state_pairs("1..2", IN_PRODUCTION, [], settings)
    (pair,) = sides.pairs
    assert (pair.name, versions(pair), sides.lone) == (FACTS, (1, 2), [])
    assert (before.state_id, after.state_id) == (1, 2)
    # A source is compared when it is named.
    sales = TableName("bronze", "sales")
    (named,) = state_pairs("1", IN_PRODUCTION, [sales], settings)[0].pairs
    assert (named.name, named.unique_id) == (sales, None)


def test_tables_that_came_went_or_were_made_anew_between_two_states_are_told(settings):
    for name in ("marts.facts", "marts.other"):
        write(settings, name)
    record_good_state(settings)
    for table in ("facts", "other"):
        shutil.rmtree(settings.table_path("marts", table))
    write(settings, "marts.facts", 2)
    write(settings, "staging.a_view")
    write(settings, "marts.new")
    record_good_state(settings)
    known = manifest("", *NAMES, "marts.new")
    sides, _ = state_pairs("1..2", known, [], settings)
    assert sides.pairs == []
    assert sides.lone == [
        "marts.facts was made, or made anew, between the two states.",
        "marts.new was made, or made anew, between the two states.",
        "Gone since: marts.other.",
    ]
    with pytest.raises(TableError, match=r"marts\.other is not in both"):
        state_pairs("1..2", known, [TableName("marts", "other")], settings)


def test_a_state_that_is_not_there_says_which_are(settings):
    write(settings, "marts.facts")
    record_good_state(settings)
    with pytest.raises(TableError, match="no good state 7; there are: 1"):
        state_pairs("1..7", IN_PRODUCTION, [], settings)
