"""People on one server work in schemas of their own, on production's tables, and at once."""

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from lakehouse_under_test import LakehouseUnderTest
from typer.testing import CliRunner

from lakehouse.builds.state import production_state
from lakehouse.cli import app
from lakehouse.diff import cli
from lakehouse.summary import summarise

pytestmark = pytest.mark.integration


class Developer:
    """Somebody who runs dbt by hand, on the server of a lakehouse."""

    def __init__(self, name: str, lakehouse: LakehouseUnderTest, folder: Path) -> None:
        self.prefix = f"dev_{name}"
        self._lakehouse = LakehouseUnderTest(
            lakehouse.settings.model_copy(update={"dbt_schema": self.prefix})
        )
        self._target = folder / name

    def dbt(self, *arguments: str) -> str:
        return self._lakehouse.dbt(*arguments, "--target-path", str(self._target), target="dev")

    def schemas(self) -> set[str]:
        rows = self._lakehouse.sql(f"show schemas like '{self.prefix}_*'")
        return {schema.removeprefix(f"{self.prefix}_") for (schema,) in rows}

    def tables(self, layer: str) -> set[str]:
        rows = self._lakehouse.sql(f"show tables in {self.prefix}_{layer}")
        return {name for _, name, _ in rows}


@pytest.fixture(scope="module")
def people(
    lakehouse: LakehouseUnderTest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Developer, Developer]]:
    folder = tmp_path_factory.mktemp("people")
    made = Developer("anna", lakehouse, folder), Developer("ben", lakehouse, folder)
    yield made
    for developer in made:
        developer.dbt("run-operation", "drop_target_schemas")


def versions(lakehouse: LakehouseUnderTest) -> dict[str, int]:
    """Newest version of each of production's tables."""
    names = [str(name) for name in summarise(lakehouse.settings).rows]
    return {name: lakehouse.table(name).version() for name in names}


def test_two_people_build_at_once_and_touch_neither_each_other_nor_production(lakehouse, people):
    anna, ben = people
    before = versions(lakehouse)
    build = ("build", "-s", "+screened_purchases", "--exclude-resource-type", "unit_test")
    build += ("--indirect-selection", "buildable")
    with ThreadPoolExecutor() as pool:
        # Reading the results raises what went wrong.
        list(pool.map(lambda developer: developer.dbt(*build), people))
    assert anna.schemas() == ben.schemas() == {"staging", "cleansed"}
    assert anna.tables("cleansed") == ben.tables("cleansed")
    assert "screened_purchases" in anna.tables("cleansed")
    counts = lakehouse.sql(
        "select count(*) from dev_anna_cleansed.screened_purchases "
        "union all select count(*) from dev_ben_cleansed.screened_purchases "
        "union all select count(distinct load_id, line_number) from bronze.csv_purchases"
    )
    assert len(set(counts)) == 1
    assert versions(lakehouse) == before

    anna.dbt("run-operation", "drop_target_schemas")
    assert anna.schemas() == set()
    assert not list(Path(lakehouse.settings.lakehouse_root).glob("dev_anna_*"))
    assert ben.schemas() == {"staging", "cleansed"}
    assert versions(lakehouse) == before


def test_one_model_is_built_on_the_tables_of_production(lakehouse, people, tmp_path):
    ben = people[1]
    # Files of other tests may stand in the facts already, not yet in this mart.
    lakehouse.dbt("run", "-s", "sales_by_demographic")
    shutil.copy(lakehouse.settings.var_dir / "dbt" / "target" / "manifest.json", tmp_path)
    model = ("-s", "sales_by_demographic+", "--exclude-resource-type", "unit_test")
    ben.dbt("build", *model, "--defer", "--state", str(tmp_path))
    assert ben.tables("marts") == {"sales_by_demographic"}
    sales = "select * from {}.sales_by_demographic"
    mine, theirs = (set(lakehouse.sql(sales.format(at))) for at in ("dev_ben_marts", "marts"))
    assert mine == theirs != set()


def test_productions_schemas_cannot_be_dropped(lakehouse):
    before = versions(lakehouse)
    output = lakehouse.dbt("run-operation", "drop_target_schemas", succeeds=False)
    assert "is production's" in output
    assert versions(lakehouse) == before


def test_an_empty_run_changes_no_row_of_a_table_that_stands(lakehouse):
    count = "select count(*) from cleansed.screened_purchases"
    before = lakehouse.sql(count)
    lakehouse.dbt("run", "--empty", "-s", "screened_purchases")
    assert lakehouse.sql(count) == before


def test_what_a_change_does_to_data_is_told_beside_production(lakehouse, people, monkeypatch):
    anna, _ = people
    settings = lakehouse.settings.model_copy(update={"dbt_schema": anna.prefix})
    monkeypatch.setattr(cli, "settings", lambda: settings)
    model = "customer_lifetime_value"
    state = str(production_state(settings))
    build = ("run", "-s", model, "--defer", "--state", state)
    anna.dbt(*build)
    same = CliRunner().invoke(app, ["diff", "--target", "dev"])
    assert (same.exit_code, f"marts.{model}: equal" in same.output) == (0, True), same.output

    anna.dbt(*build, "--vars", "{gross_margin: 0.9}")
    other = CliRunner().invoke(app, ["diff", "--target", "dev"])
    assert other.exit_code == 1, other.output
    report = (settings.var_dir / "diff" / "dev.md").read_text()
    ((count,),) = lakehouse.sql("select count(*) from marts.customer_lifetime_value")
    assert f"| margin_to_date | {count:,} | 100.00% |" in report
    assert "| sum_purchase |" not in report
