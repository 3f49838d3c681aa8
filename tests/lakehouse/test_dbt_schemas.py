"""What may be dropped: schemas with a prefix, never those that everyone reads."""

import subprocess

import pytest

from lakehouse import dbt_schemas
from lakehouse.dbt_schemas import drop_prefixed_schemas
from lakehouse.errors import TableError
from lakehouse.settings import Settings


@pytest.fixture
def settings(tmp_path) -> Settings:
    return Settings(var_dir=tmp_path, _env_file=None)


@pytest.mark.parametrize(
    "prefix", ["", " ", "marts", "bronze", "staging", "audit", "default", "ci_1; drop", "CI", "1"]
)
def test_what_is_no_prefix_is_refused_before_anything_runs(prefix, settings, monkeypatch):
    monkeypatch.setattr(dbt_schemas, "run_dbt", lambda *_, **__: pytest.fail("dbt was run"))
    with pytest.raises(TableError, match="is no prefix of schemas that may be dropped"):
        drop_prefixed_schemas(settings, prefix)


def test_the_schemas_of_the_prefix_alone_are_dropped_and_a_failure_is_told(settings, monkeypatch):
    ran: list[tuple[list[str], str, str]] = []

    def run(arguments, settings, *, target, capture):
        ran.append((arguments, settings.dbt_schema, target))
        return subprocess.CompletedProcess([], len(ran) - 1, "Could not connect\n\n", "")

    monkeypatch.setattr(dbt_schemas, "run_dbt", run)
    drop_prefixed_schemas(settings, "ci_4711")
    assert ran == [(["run-operation", "drop_schemas"], "ci_4711", "dev")]
    with pytest.raises(TableError, match=r"ci_4711_\.\.\. cannot be dropped: Could not connect"):
        drop_prefixed_schemas(settings, "ci_4711")
