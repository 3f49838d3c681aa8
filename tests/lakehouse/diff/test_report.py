"""A comparison in words."""

from lakehouse.diff.compare import ColumnDiff, TableDiff
from lakehouse.diff.report import markdown, summary

EQUAL = TableDiff(("id",), {}, rows=(2, 2), common=2)
OTHER = TableDiff(
    key=("id",),
    schema={"city": (None, "string")},
    rows=(1000, 1200),
    added=200,
    common=1000,
    changed=12,
    added_examples=["x|y", None],
    columns={
        "amount": ColumnDiff(
            is_numeric=True,
            count_changed=10,
            examples=[("k", 1, 2)],
            nulls=(0, 3),
            mean=(9263.968712, None),
            largest_change=1.0,
        ),
        "name": ColumnDiff(False, 12, [("k", "a`b\nc" + "d" * 100, None)]),
        "same": ColumnDiff(True, mean=(1.0, 1.0)),
    },
)


def test_a_line_says_how_many_keys_and_which_columns_with_the_most_changed_first():
    assert summary("marts.x", OTHER) == (
        "marts.x: 1,000 -> 1,200 rows; other columns or types: city; "
        "keys: 200 added, 0 removed, 12 changed; values changed: name 12, amount 10"
    )


def test_a_line_tells_rows_that_share_their_key():
    doubled = TableDiff(("id",), {}, rows=(2, 3), doubled=(0, 2))
    assert "0 -> 2 rows share their key" in summary("x", doubled)


def test_a_report_counts_tables_and_details_those_that_differ():
    text = markdown(
        "Versions", ("1", "2"), {"marts.a": EQUAL, "marts.b": OTHER}, ["Views are not."]
    )
    assert "1 of 2 tables differ." in text
    assert "- Views are not." in text
    assert "| marts.a | 2 | 2 | 0 | 0 | 0 | 0 |" in text
    assert "## marts.a" not in text
    assert "| city | absent | string |" in text
    assert "| amount | 10 | 1.00% | `k`: `1`, `2` |" in text
    assert "| amount | 0 | 3 | 9,263.97 |  | 1 |" in text
    assert "| same |" not in text


def test_values_stay_in_their_cell_of_the_table():
    text = markdown("x", ("1", "2"), {"marts.b": OTHER})
    assert "`x\\|y`, empty" in text
    (row,) = [line for line in text.splitlines() if line.startswith("| name |")]
    assert "`a'b cddd" in row
    assert row.endswith("...`, empty |")
