"""Rows of sources, counted in the logs of their tables."""

import pyarrow as pa
from deltalake import write_deltalake

from lakehouse.builds.plan import Node
from lakehouse.builds.source_rows import count_source_rows
from lakehouse.settings import Settings

GRAPH = {
    "sales": Node("bronze.sales", "source", schema="bronze", table="sales_1"),
    "elsewhere": Node("other.elsewhere", "source", schema="other", table="elsewhere"),
}


def test_rows_are_those_of_the_newest_version_and_other_places_are_left_out(tmp_path):
    settings = Settings(var_dir=tmp_path, root="", _env_file=None)
    path = settings.table_path("bronze", "sales_1")
    for rows in (3, 4):
        write_deltalake(path, pa.table({"x": list(range(rows))}), mode="append")
    assert count_source_rows(GRAPH, GRAPH, settings) == {"sales": 7}
