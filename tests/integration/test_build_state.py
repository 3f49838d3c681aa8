"""Production builds that follow one another, and slim CI beside them, over the real server."""

import json
import shutil
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from lakehouse_under_test import LakehouseUnderTest
from rich.console import Console

from bench.publish_reader import Reader
from lakehouse.build import build_tables, plan
from lakehouse.builds import conditions, session
from lakehouse.builds.production import BuildOptions
from lakehouse.builds.slim_ci import slim_ci
from lakehouse.builds.state import artifacts_folder, production_state
from lakehouse.errors import TableError
from lakehouse.maintenance.good_states import record_good_state
from lakehouse.publish import environments
from lakehouse.publish.step import publish, publish_newest, withheld_because

pytestmark = pytest.mark.integration

MODEL = "dim_products"


@pytest.fixture(scope="module")
def project(tmp_path_factory, request) -> Path:
    """A copy of the project, which builds use instead of it."""
    folder = tmp_path_factory.mktemp("copy") / "dbt_project"
    shutil.copytree(session.DBT_PROJECT_DIR, folder)
    patch = pytest.MonkeyPatch()
    request.addfinalizer(patch.undo)
    for module in (session, conditions):
        patch.setattr(module, "DBT_PROJECT_DIR", folder)
    return folder


@pytest.fixture
def model(project: Path) -> Iterator[Path]:
    """SQL file of a small mart, as it was again after the test."""
    (file,) = project.rglob(f"{MODEL}.sql")
    before = file.read_text()
    yield file
    file.write_text(before)


class Builds:
    """Builds of one lakehouse, with what they said and did."""

    def __init__(self, lakehouse: LakehouseUnderTest) -> None:
        self.lakehouse = lakehouse
        self.said = ""

    def run(self) -> list[str]:
        """Build and return the lines that say what and why."""
        text = StringIO()
        try:
            build_tables(self.lakehouse.settings, Console(file=text, width=200), BuildOptions())
        finally:
            self.said = text.getvalue()
        return self.said.splitlines()

    def results(self) -> dict[str, str]:
        """Name of each node that dbt ran last -> how it ended."""
        file = artifacts_folder(self.lakehouse.settings) / "run_results.json"
        return {
            result["unique_id"].split(".")[2]: result["status"]
            for result in json.loads(file.read_text())["results"]
        }


@pytest.fixture(scope="module")
def builds(lakehouse: LakehouseUnderTest, project: Path) -> Builds:
    """A lakehouse whose last build was good; tests/conftest.py puts these tests first for that."""
    found = Builds(lakehouse)
    found.run()
    return found


def count_answers(lakehouse: LakehouseUnderTest) -> int:
    ((count,),) = lakehouse.sql("select count(*) from audit.test_results")
    return count


def test_with_nothing_new_nothing_is_built(builds):
    before = count_answers(builds.lakehouse)
    assert builds.run()[-1] == "Build: nothing is new, so nothing is built"
    assert count_answers(builds.lakehouse) == before


def test_new_rows_are_built_through_and_the_rest_is_left_alone(builds, tmp_path):
    lakehouse = builds.lakehouse
    before = count_answers(lakehouse)
    lakehouse.land_lines(tmp_path, "2000301,P90000301,M,26-35,4,B,2,0,5,,,6000")
    assert "fct_purchases" in next(
        line
        for line in builds.run()
        if line.endswith(": new rows in bronze.csv_purchases (1 more)")
    )
    assert lakehouse.sql("select count(*) from marts.fct_purchases where user_id = 2000301") == [
        (1,)
    ]
    results = builds.results()
    assert "stg_ml__segments" not in results
    answered = [name for name, status in results.items() if status == "pass"]
    assert count_answers(lakehouse) == before + len(answered)


def test_a_failed_build_is_taken_up_where_it_failed(builds, model):
    good, lakehouse = model.read_text(), builds.lakehouse
    before = lakehouse.table(f"marts.{MODEL}").version()
    model.write_text(good.replace("from features", "from features where raise_error('no') is null"))
    with pytest.raises(TableError, match="goes on where this one failed"):
        builds.run()
    assert f"  {MODEL}: its SQL changed (state:modified.body)" in builds.said
    assert builds.results()[MODEL] == "error"
    assert lakehouse.table(f"marts.{MODEL}").version() == before

    with pytest.raises(TableError):
        builds.run()
    assert f"  {MODEL}: it failed before (result:error)" in builds.said

    model.write_text(good)
    builds.run()
    assert builds.results()[MODEL] == "success"
    assert "it failed before" in builds.said
    assert "fct_purchases" not in builds.results()
    assert builds.run()[-1] == "Build: nothing is new, so nothing is built"


def test_a_plan_tells_reach_and_cost_and_builds_nothing(builds, model):
    lakehouse = builds.lakehouse
    before = lakehouse.table(f"marts.{MODEL}").version()
    model.write_text(model.read_text() + "\n-- other\n")
    text = StringIO()
    told = plan(lakehouse.settings, Console(file=text, width=200), BuildOptions()).as_json()
    assert f"  {MODEL}: its SQL changed (state:modified.body)" in text.getvalue().splitlines()
    (change,) = told["changes"]
    assert (change["name"], change["reasons"]) == (
        MODEL,
        ("its SQL changed (state:modified.body)",),
    )
    assert "results_presentation" in change["exposures"]
    # At the least its two statements: what it reads, and what it writes.
    (node,) = [node for node in told["nodes"] if node["name"] == MODEL]
    assert node["statements"] >= 2
    assert told["nodes_without_a_last_run"] == 0
    assert told["seconds"] > 0
    assert lakehouse.table(f"marts.{MODEL}").version() == before


def test_the_state_knows_the_sql_of_models_that_the_last_build_left_alone(builds):
    nodes = json.loads((production_state(builds.lakehouse.settings) / "manifest.json").read_text())[
        "nodes"
    ]
    models = [node for node in nodes.values() if node["resource_type"] == "model"]
    assert len(builds.results()) < len(models)
    assert [node["name"] for node in models if not node.get("compiled_code")] == []


def test_a_dropped_table_is_built_again(builds):
    builds.lakehouse.sql(f"drop table marts.{MODEL}")
    assert f"  {MODEL}: it does not exist" in builds.run()
    assert builds.lakehouse.sql("select count(*) > 0 from marts.dim_products") == [(True,)]


def schemas_of_ci(lakehouse: LakehouseUnderTest) -> list[str]:
    return [name for (name,) in lakehouse.sql("show schemas") if name.startswith("ci_")]


def test_slim_ci_checks_what_differs_and_leaves_nothing_behind(builds, model, monkeypatch):
    lakehouse = builds.lakehouse
    before = lakehouse.table(f"marts.{MODEL}").version()
    seen = []
    run_operation = session.DbtSession.run_operation

    def look_first(opened: session.DbtSession, macro: str) -> None:
        seen.extend(schemas_of_ci(lakehouse))
        run_operation(opened, macro)

    monkeypatch.setattr(session.DbtSession, "run_operation", look_first)
    model.write_text(model.read_text() + "\n-- other\n")
    text = StringIO()
    slim_ci(lakehouse.settings.model_copy(update={"dbt_ci_id": "t1"}), Console(file=text))
    assert "Slim CI passed" in text.getvalue()
    assert "ci_t1_marts" in seen
    assert "ci_t1_cleansed" not in seen
    assert schemas_of_ci(lakehouse) == []
    assert lakehouse.table(f"marts.{MODEL}").version() == before
    assert not (lakehouse.settings.var_dir / "dbt" / "ci_t1").exists()


def test_slim_ci_refuses_another_shape_before_any_data_and_leaves_nothing_behind(builds, model):
    lakehouse = builds.lakehouse
    state = (production_state(lakehouse.settings) / "manifest.json").read_text()
    model.write_text(model.read_text().replace("as sales_rank,", "as sales_place,"))
    with pytest.raises(TableError, match="failed at unit tests and contracts, on empty tables"):
        slim_ci(lakehouse.settings, Console(file=StringIO()))
    assert schemas_of_ci(lakehouse) == []
    assert (production_state(lakehouse.settings) / "manifest.json").read_text() == state


def test_slim_ci_has_nothing_to_do_where_nothing_differs(builds):
    text = StringIO()
    slim_ci(builds.lakehouse.settings, Console(file=text))
    assert "nothing differs from the last good production build" in text.getvalue()
    assert schemas_of_ci(builds.lakehouse) == []


@pytest.mark.long
def test_readers_see_nothing_of_a_build_until_its_tests_pass(builds, model):
    lakehouse, good = builds.lakehouse, model.read_text()
    settings = lakehouse.settings
    builds.run()
    record_good_state(settings)
    first = publish_newest(settings, print)
    products = lakehouse.table(f"marts.{MODEL}").count()
    bad = "union all select 'bad', * except (product_id) from products where sales_rank = 1"
    count_bad = "select count(*) > 0 from {}.dim_products where product_id = 'bad'"
    with Reader(settings, [f"marts.{MODEL}"], "product_id", "bad") as reader:
        model.write_text(f"{good.rstrip()} {bad}\n")
        with pytest.raises(TableError, match=f"readers still see state {first.state.state_id}"):
            builds.run()
        assert lakehouse.sql(count_bad.format("marts")) == [(True,)]
        assert lakehouse.sql(count_bad.format("published")) == [(False,)]
        assert "dim_products_agrees_with_fct_purchases" in withheld_because(settings)

        model.write_text(good)
        builds.run()
        record_good_state(settings)
        second = publish_newest(settings, print)
        # By hand, back and forward: readers move, and no table is written.
        version = lakehouse.table(f"marts.{MODEL}").version()
        for state in (first.state, second.state):
            publish(settings, print, state.state_id)
            shown = "select state_id, is_complete from published.state"
            assert lakehouse.sql(shown) == [(state.state_id, True)]
        assert lakehouse.table(f"marts.{MODEL}").version() == version
    assert (reader.failures, reader.bad_rows, reader.mixed) == ([], 0, 0)
    assert reader.polls > 10
    assert lakehouse.sql("select count(*) from published.dim_products") == [(products,)]
    assert withheld_because(settings) is None


@pytest.mark.long
def test_an_environment_is_built_upon_and_leaves_nothing_behind(builds):
    lakehouse, console = builds.lakehouse, Console(file=StringIO())
    settings = lakehouse.settings
    made = environments.create("one", settings, console)
    views = {
        layer: {name for _, name, _ in lakehouse.sql(f"show views in env_one_{layer}")}
        for layer in ("cleansed", "features", "marts")
    }
    everything = sum(file.stat().st_size for file in Path(settings.lakehouse_root).rglob("*"))
    assert made.count_tables > 10
    assert views["marts"] >= {"dim_products", "dim_customers"}
    assert "fct_purchases" not in views["marts"]
    assert made.size_bytes < everything / 4
    count = "select count(*) from {}.fct_purchases"
    before = lakehouse.sql(count.format("published"))
    assert lakehouse.sql(count.format("env_one_marts")) == before
    lakehouse.sql("delete from env_one_marts.fct_purchases where user_id is not null")
    assert lakehouse.sql(count.format("env_one_marts")) == [(0,)]
    assert lakehouse.sql(count.format("published")) == before
    # dbt makes a table of its own where a view stands.
    own = LakehouseUnderTest(settings.model_copy(update={"dbt_schema": "env_one"}))
    state = str(production_state(settings))
    own.dbt("run", "-s", MODEL, "--defer", "--state", state, target="dev")
    assert MODEL not in {name for _, name, _ in lakehouse.sql("show views in env_one_marts")}
    of_products = "select count(*) from {}.dim_products"
    assert lakehouse.sql(of_products.format("env_one_marts")) == lakehouse.sql(
        of_products.format("published")
    )
    environments.drop("one", settings, console)
    assert [name for (name,) in lakehouse.sql("show schemas") if name.startswith("env_")] == []
    assert not list(Path(settings.lakehouse_root).glob("env_*"))
    assert lakehouse.sql(count.format("published")) == before
