"""What a change of the project leads to in the next production build, told without a server."""

import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from lakehouse.builds import conditions, session
from lakehouse.builds.production import BuildOptions, ProductionBuild, plan_production
from lakehouse.builds.session import DbtSession, open_dbt
from lakehouse.builds.state import artifacts_folder, keep_failed, keep_good, production_state
from lakehouse.data.bronze import ensure_csv_purchases
from lakehouse.settings import Settings

SCHEMA = "https://schemas.getdbt.com/dbt/{}.json"
CSV = "source.black_friday_lakehouse.bronze.csv_purchases"


class OfflineSession(DbtSession):
    """dbt whose sources say what a test wants, and whose tables all exist but for some."""

    loaded_at = "2026-01-01T00:00:00Z"
    missing: frozenset[str] = frozenset()

    def freshness(self, sources: Sequence[str]) -> None:
        manifest = json.loads((self.artifacts / "manifest.json").read_text())
        results = [
            {
                "unique_id": name,
                "max_loaded_at": self.loaded_at if name == CSV else OfflineSession.loaded_at,
                "snapshotted_at": "2026-01-03T00:00:00Z",
                "max_loaded_at_time_ago_in_s": 0.0,
                "status": "pass",
                "criteria": {},
                "adapter_response": {},
                "timing": [],
                "thread_id": "x",
                "execution_time": 0.0,
            }
            for name, source in manifest["sources"].items()
            if f"source:{source['source_name']}.{source['name']}" in sources
        ]
        self.write("sources", "sources/v3", results)

    def relations(self, schemas: Iterable[str]) -> frozenset[str]:
        manifest = json.loads((self.artifacts / "manifest.json").read_text())
        nodes = manifest["nodes"].values()
        return frozenset(f"{node['schema']}.{node['alias']}" for node in nodes) - self.missing

    def write(self, name: str, schema: str, results: list[dict[str, Any]]) -> None:
        content = {
            "metadata": {"dbt_schema_version": SCHEMA.format(schema)},
            "results": results,
            "elapsed_time": 0.0,
            "args": {},
        }
        (self.artifacts / f"{name}.json").write_text(json.dumps(content))


@pytest.fixture(scope="module")
def project(tmp_path_factory, request) -> Path:
    """A copy of the project, which dbt is given instead of it."""
    folder = tmp_path_factory.mktemp("copy") / "dbt_project"
    shutil.copytree(session.DBT_PROJECT_DIR, folder)
    patch = pytest.MonkeyPatch()
    request.addfinalizer(patch.undo)
    for module in (session, conditions):
        patch.setattr(module, "DBT_PROJECT_DIR", folder)
    patch.setattr(session, "DbtSession", OfflineSession)
    return folder


@pytest.fixture(scope="module")
def opened(project: Path, settings: Settings) -> Iterator[OfflineSession]:
    """dbt with the project unchanged since its last good build."""
    with open_dbt(settings, "prod", artifacts_folder(settings)) as found:
        planned = plan_production(found, settings)
        found.write("run_results", "run-results/v6", [])
        keep_good(found.artifacts, planned.conditions, settings)
        yield found


@pytest.fixture(scope="module")
def settings(project: Path) -> Settings:
    found = Settings(var_dir=project.parent / "var", root="", _env_file=None)
    ensure_csv_purchases(found.table_path("bronze", "csv_purchases"))
    return found


def plan(opened: OfflineSession, settings: Settings, **session_says: Any) -> ProductionBuild:
    before = dict(vars(opened))
    vars(opened).update(session_says)
    try:
        return plan_production(opened, settings)
    finally:
        vars(opened).clear()
        vars(opened).update(before)


def reasons(planned: ProductionBuild) -> dict[str, str]:
    """Name of a model or test -> why it is built."""
    found = {}
    for line in planned.lines:
        names, _, reason = line.strip().partition(": ")
        if line.startswith("  "):
            found |= dict.fromkeys(names.split(", "), reason)
    return found


def edit_yaml(project: Path, name: str, change: Callable[[Any], object]) -> None:
    (path,) = (project / "models").rglob(name)
    content = yaml.safe_load(path.read_text())
    change(content)
    path.write_text(yaml.safe_dump(content))


@pytest.fixture(scope="module")
def changed(project: Path, settings: Settings, opened: OfflineSession) -> dict[str, str]:
    """Reasons after one change of each kind, each to a node of its own."""

    def model(name: str, change: Callable[[dict[str, Any]], object]) -> None:
        edit_yaml(project, f"{name}.yml", lambda content: change(content["models"][0]))

    def file(name: str) -> Path:
        (path,) = project.rglob(name)
        return path

    def first_test(of_model: dict[str, Any]) -> dict[str, Any]:
        (test,) = of_model["data_tests"][0].values()
        return test

    body = file("dim_products.sql")
    body.write_text(body.read_text() + "\n-- other\n")
    macro = file("sample_deviation.sql")
    macro.write_text(macro.read_text().replace("greatest(", "greatest( "))
    moved = file("dim_product_categories.sql")
    moved.rename(moved.parent.parent / "pricing" / moved.name)
    (project / "models" / "intermediate" / "brand_new.sql").write_text("select 1 as one")
    model("dim_customers", lambda found: found["columns"][0].update(data_type="string"))
    model("conversion_funnel", lambda found: found.update(config={"tblproperties": {"a": "b"}}))
    model("sales_by_demographic", lambda found: found.update(config={"post_hook": "select 1"}))
    model("load_audit", lambda found: found.update(description="Each row is another."))
    model(
        "product_demand",
        lambda found: first_test(found).update(name="softer", config={"severity": "warn"}),
    )
    edit_yaml(
        project,
        "_ml__sources.yml",
        lambda content: content["sources"][0]["tables"][0].update(identifier="elsewhere"),
    )
    with open_dbt(settings, "prod", settings.var_dir / "changed") as now:
        return reasons(plan_production(now, settings))


def test_an_unchanged_project_with_unchanged_sources_builds_nothing(opened, settings):
    planned = plan(opened, settings)
    assert (planned.tasks, planned.arguments[2:]) == (frozenset(), ())
    assert planned.lines == ("Build: nothing is new, so nothing is built",)


def test_new_rows_of_a_source_are_built_through_to_the_marts(opened, settings):
    planned = plan(opened, settings, loaded_at="2026-01-02T00:00:00Z")
    assert planned.arguments[2:] == ("--select", "source_status:fresher+")
    found = reasons(planned)
    assert found["stg_csv__purchases"] == found["fct_purchases"]
    assert found["fct_purchases"].startswith("new rows in bronze.csv_purchases")
    assert "stg_ml__segments" not in found


def test_the_forecast_says_how_far_new_rows_reach_and_what_is_built(opened, settings):
    planned = plan(opened, settings, loaded_at="2026-01-02T00:00:00Z")
    told = planned.forecast.as_json()
    (change,) = told["changes"]
    assert change["name"] == "bronze.csv_purchases"
    assert {"stg_csv__purchases", "fct_purchases", "dim_products"} <= set(change["models"])
    assert "stg_ml__segments" not in change["models"]
    assert "eda_notebook" in change["exposures"]
    assert {node["unique_id"] for node in told["nodes"]} == planned.tasks


def test_rows_that_are_gone_are_noticed_without_a_later_time(opened, settings):
    planned = plan(opened, settings, loaded_at="2025-12-31T00:00:00Z")
    assert planned.arguments[2:] == ("--select", "source:bronze.csv_purchases+")
    assert "rows of bronze.csv_purchases are gone" in reasons(planned)["fct_purchases"]


def test_a_table_that_someone_dropped_is_built_again(opened, settings):
    planned = plan(opened, settings, missing=frozenset({"marts.dim_products"}))
    assert planned.arguments[2:] == ("--select", "dim_products+")
    assert reasons(planned)["dim_products"] == "it does not exist"


def test_another_value_of_a_variable_builds_everything(opened, settings):
    planned = plan_production(opened, settings, BuildOptions(variables="{folds: 5}"))
    assert planned.lines == ("Build: everything, because the variable folds is 5, not 10",)
    assert planned.arguments[2:] == ()
    assert len(planned.tasks) > 100
    assert {node["unique_id"] for node in planned.forecast.nodes} == planned.tasks


def test_another_hook_of_the_project_builds_everything(opened, project, settings):
    path = project / "dbt_project.yml"
    before = path.read_text()
    path.write_text(before + '\non-run-end: ["select 1"]\n')
    (line,) = plan(opened, settings).lines
    path.write_text(before)
    assert "on-run-end in dbt_project.yml has changed" in line


@pytest.mark.parametrize("flag", ["is_full", "is_full_refresh"])
def test_everything_is_built_when_asked_for(opened, settings, flag):
    planned = plan_production(opened, settings, BuildOptions(**{flag: True}))
    assert planned.lines == ("Build: everything, because it was asked for",)
    assert ("--full-refresh" in planned.arguments) == (flag == "is_full_refresh")


def test_a_failed_attempt_is_taken_up_where_it_failed(opened, settings):
    names = {
        "model.black_friday_lakehouse.dim_products": "error",
        "model.black_friday_lakehouse.product_demand": "skipped",
        "model.black_friday_lakehouse.dim_customers": "success",
        "model.black_friday_lakehouse.load_audit": "partial success",
    }
    results = [
        {
            "unique_id": name,
            "status": status,
            "timing": [],
            "thread_id": "x",
            "execution_time": 0.0,
            "adapter_response": {},
            "message": None,
            "failures": None,
            "compiled": True,
            "compiled_code": "",
            "relation_name": "",
        }
        for name, status in names.items()
    ]
    conditions_before = plan(opened, settings).conditions
    opened.write("run_results", "run-results/v6", results)
    keep_failed(opened.artifacts, conditions_before, settings)
    planned = plan(opened, settings)
    keep_good(production_state(settings), conditions_before, settings)
    assert planned.arguments[2:] == (
        "--select",
        "result:error+",
        "result:skipped+",
        "load_audit+",
    )
    found = reasons(planned)
    assert found["dim_products"] == "it failed before (result:error)"
    assert "it was not reached before (result:skipped)" in found["product_demand"]
    assert found["load_audit"] == "it ended as partial success before"
    assert "dim_customers" not in found


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("dim_products", "its SQL changed (state:modified.body)"),
        ("dim_customers", "its contract changed (state:modified.contract)"),
        ("conversion_funnel", "its configuration changed (state:modified.configs)"),
        ("sales_by_demographic", "its configuration changed (state:modified.configs)"),
        ("load_audit", "its description changed (state:modified.persisted_descriptions)"),
        ("customer_features", "a macro that it calls changed (state:modified.macros)"),
        ("softer", "it is new (state:new)"),
        ("brand_new", "it is new (state:new)"),
        ("dim_product_categories", "its folder or access changed (state:modified)"),
        ("stg_ml__purchase_predictions", "the declaration of predictions.purchase_predictions"),
    ],
)
def test_each_kind_of_change_is_seen_and_named(changed, name, reason):
    assert reason in changed[name]


def test_a_test_of_a_changed_model_is_downstream_of_it_and_not_changed_itself(changed):
    assert not [
        name
        for name, reason in changed.items()
        if "unique_dim_products" in name and "its " in reason
    ]


def test_what_is_downstream_of_a_change_names_it(changed):
    assert changed["dim_customers"].endswith("downstream of customer_features")


def test_what_no_change_leads_to_is_left_alone(changed):
    assert not {"stg_csv__purchases", "cleansed_purchases", "fct_purchases"} & changed.keys()
