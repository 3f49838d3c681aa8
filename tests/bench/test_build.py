"""How the benchmark reads a run of dbt, makes rows, and finds and reports its sections."""

import json

import pyarrow as pa
import pytest
from deltalake import DeltaTable
from rich.console import Console
from typer.testing import CliRunner

from bench.beside_duckdb import BesideDuckdb, heaviest_marts, overtakes_at, run_in_duckdb
from bench.build import growth_exponent
from bench.cli import app
from bench.report import replace_section, write_results
from bench.rows import read_texts, write_copies, write_further
from bench.statements import read_statements
from lakehouse.settings import Settings
from simulator.purchases.generate import generate


def test_an_unknown_section_is_named_with_the_known_ones():
    result = CliRunner().invoke(app, ["weather"])
    assert result.exit_code == 2
    assert "'weather' is no section; there are: build, stream, ml" in " ".join(
        result.output.replace("│", " ").split()
    )


def test_sections_run_in_the_order_asked_for_with_the_settings(monkeypatch):
    ran = []
    monkeypatch.setattr(
        "bench.cli.find_bench",
        lambda name: lambda settings, console: ran.append((name, type(settings), type(console))),
    )
    assert CliRunner().invoke(app, ["ml", "build"]).exit_code == 0
    assert ran == [("ml", Settings, Console), ("build", Settings, Console)]


def test_a_section_replaces_its_own_text_alone():
    document = replace_section(replace_section("# Benchmarks\n", "build", "1 s"), "ml", "2 s")
    assert replace_section(document, "build", "3 s") == (
        "# Benchmarks\n\n<!-- build -->\n3 s\n<!-- /build -->\n\n<!-- ml -->\n2 s\n<!-- /ml -->\n"
    )


def test_results_are_flat_figures_under_var(tmp_path):
    path = write_results("build", {"rows": 12}, Settings(var_dir=tmp_path, _env_file=None))
    assert path == tmp_path / "results" / "build.json"
    assert json.loads(path.read_text()) == {"rows": 12}


@pytest.mark.parametrize(
    ("seconds", "exponent"), [([10.0, 40.0, 160.0], 1.0), ([10.0, 20.0, 40.0], 0.5)]
)
def test_the_growth_exponent_is_the_slope_between_logarithms(seconds, exponent):
    assert growth_exponent([1, 4, 16], seconds) == exponent


def test_statements_are_read_from_the_log_in_their_order(tmp_path):
    log = tmp_path / "dbt.log"
    events = [("MainReportVersion", None), ("SQLQuery", " select 1;\n"), ("SQLQuery", "select 2")]
    log.write_text(
        "".join(json.dumps({"info": {"name": n}, "data": {"sql": sql}}) + "\n" for n, sql in events)
    )
    assert read_statements(log) == ["select 1", "select 2"]


@pytest.fixture
def purchases(tmp_path) -> pa.Table:
    generate(tmp_path / "purchases.csv", rows=2_000, seed=1)
    return read_texts(tmp_path / "purchases.csv")


def pairs(table: pa.Table) -> list[tuple[str, str]]:
    return list(zip(table["User_ID"].to_pylist(), table["Product_ID"].to_pylist(), strict=True))


def test_copies_hold_the_same_purchases_by_other_customers(purchases, tmp_path):
    write_copies(purchases, 3, tmp_path / "x3.csv")
    copies = read_texts(tmp_path / "x3.csv")
    assert copies.num_rows == 3 * purchases.num_rows
    assert len(set(pairs(copies))) == 3 * len(set(pairs(purchases)))
    assert copies.slice(0, purchases.num_rows).equals(purchases.combine_chunks())


def test_further_purchases_join_known_customers_and_products_anew(purchases, tmp_path):
    write_further(purchases, 20, 5, tmp_path / "further.csv")
    further = pairs(read_texts(tmp_path / "further.csv"))
    assert len(further) == len(set(further)) == 20
    assert not set(further) & set(pairs(purchases))
    assert {user for user, _ in further} <= set(purchases["User_ID"].to_pylist())
    assert {product for _, product in further} <= set(purchases["Product_ID"].to_pylist())


def test_further_purchases_are_shared_out_over_the_customers_of_all_copies(purchases, tmp_path):
    write_copies(purchases, 3, tmp_path / "x3.csv")
    write_further(purchases, 20, 5, tmp_path / "further.csv", copies=3)
    further = pairs(read_texts(tmp_path / "further.csv"))
    known = pairs(read_texts(tmp_path / "x3.csv"))
    users = {user for user, _ in further}
    assert users <= {user for user, _ in known}
    assert {int(user) // 10_000_000 for user in users} == {0, 1, 2}
    assert not set(further) & set(known)


def test_duckdb_gives_the_rows_that_spark_gave(lakehouse):
    settings = lakehouse.settings
    assert len(heaviest_marts(settings).names) == 5
    # Which of them take longest is chance here, so each has to run.
    heavy = heaviest_marts(settings, count=100)
    assert len(heavy.names) > 5
    for name, measured in run_in_duckdb(heavy, settings, "1GB").items():
        node = heavy.nodes[name]
        stored = DeltaTable(settings.table_path(node["schema"], node["alias"]))
        # Where another test has built meanwhile, an incremental mart's SQL is of new rows alone.
        if node["config"]["materialized"] == "table":
            assert measured.rows == stored.count() > 0, name


@pytest.mark.parametrize(
    ("spark", "rows"), [([3.0, 3.0, 3.0], None), ([3.0, 1.0, 1.0], 40), ([1.0, 3.0, 1.0], 160)]
)
def test_spark_overtakes_where_it_is_the_faster_from_then_on(spark, rows):
    measured = [
        BesideDuckdb(count, {"mart": seconds}, {"mart": 2.0})
        for count, seconds in zip((10, 40, 160), spark, strict=True)
    ]
    assert overtakes_at(measured) == rows
