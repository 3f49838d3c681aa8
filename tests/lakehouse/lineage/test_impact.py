"""What a column is made from, and what rests on it."""

from lakehouse.lineage.impact import impact
from lakehouse.lineage.project import project_lineage


def told(lineage, column):
    return impact(lineage, lineage.column(column)).as_json()


def test_a_column_in_the_middle_leads_to_sources_and_to_all_that_is_made_from_it(lineage):
    assert told(lineage, "facts.gross") == {
        "column": "marts.facts.gross",
        "made_from": ["raw.sales_1.amount"],
        "through": [],
        "flows_into": ["snapshots.history.gross", "marts.report.total"],
        "decides_rows_of": ["snapshots.history"],
        "exposures": ["page"],
        "untraced": {},
    }


def test_a_column_that_only_filters_decides_rows_and_flows_nowhere(lineage):
    found = told(lineage, "sales_1.day")
    assert (found["made_from"], found["flows_into"]) == ([], [])
    assert found["decides_rows_of"] == ["marts.facts"]
    assert found["exposures"] == []


def test_a_column_at_the_end_names_all_columns_between(lineage):
    found = told(lineage, "report.total")
    assert found["made_from"] == ["raw.sales_1.amount"]
    assert found["through"] == ["marts.facts.gross", "snapshots.history.gross"]
    assert found["exposures"] == ["page"]


def test_a_column_of_no_source_says_so(lineage):
    assert told(lineage, "history.valid_from")["made_from"] == []
    lines = impact(lineage, lineage.column("history.valid_from")).lines()
    assert lines[1] == "Made from: no column of a source"


def test_tables_after_it_that_could_not_be_traced_are_named(manifest):
    del manifest["nodes"]["model.report"]["compiled_code"]
    lineage = project_lineage(manifest)
    assert list(told(lineage, "sales_1.amount")["untraced"]) == ["marts.report"]
    assert told(lineage, "report.total")["untraced"] == {}
    assert (
        impact(lineage, lineage.column("facts.id"))
        .lines()[-1]
        .startswith("Not traced: marts.report: its compiled SQL")
    )


def test_lines_group_columns_by_table(lineage):
    assert impact(lineage, lineage.column("sales_1.amount")).lines() == [
        "raw.sales_1.amount",
        "Made from: no column of a source",
        "Flows into 3 columns of 3 tables:",
        "  marts.facts: gross",
        "  snapshots.history: gross",
        "  marts.report: total",
        "Decides which rows there are in: snapshots.history",
        "Exposures on these tables: page",
    ]
