"""Hooks of models, seeds and snapshots, and of a whole run."""

from pathlib import Path

import pytest
from dbt.tests.adapter.hooks.test_model_hooks import (
    MODEL_POST_HOOK,
    MODEL_PRE_HOOK,
    BaseDuplicateHooksInConfigs,
    BaseHookRefs,
    BaseHooksRefsOnSeeds,
    BasePrePostModelHooks,
    BasePrePostModelHooksInConfig,
    BasePrePostModelHooksInConfigKwargs,
    BasePrePostModelHooksInConfigWithCount,
    BasePrePostModelHooksOnSeeds,
    BasePrePostModelHooksOnSeedsPlusPrefixed,
    BasePrePostModelHooksOnSeedsPlusPrefixedWhitespace,
    BasePrePostModelHooksOnSnapshots,
    BasePrePostSnapshotHooksInConfigKwargs,
)
from dbt.tests.adapter.hooks.test_run_hooks import BaseAfterRunHooks, BasePrePostRunHooks

_CONTEXT = (
    "test_state",
    "target_dbname",
    "target_host",
    "target_name",
    "target_schema",
    "target_threads",
    "target_type",
    "target_user",
    "target_pass",
    "run_started_at",
    "invocation_id",
    "thread_id",
)


def contexts_of(project, table: str, state: str) -> list[dict[str, object]]:
    """What the hooks of one state wrote of dbt's context: upstream quotes the columns with "."""
    rows = project.run_sql(
        f"select {', '.join(_CONTEXT)} from {project.test_schema}.{table} "
        f"where test_state = '{state}'",
        fetch="all",
    )
    return [dict(zip(_CONTEXT, row, strict=True)) for row in rows]


def assert_context(context: dict[str, object], state: str, project, target: dict) -> None:
    """As upstream, which compares with its own PostgreSQL server's name and user."""
    expected = {
        "test_state": state,
        "target_dbname": "",
        "target_host": target["host"],
        "target_name": "default",
        "target_schema": project.test_schema,
        "target_threads": target["threads"],
        "target_type": "spark",
        "target_user": "",
        "target_pass": "",
    }
    assert {name: context[name] for name in expected} == expected
    assert context["run_started_at"]
    assert context["invocation_id"]
    thread = str(context["thread_id"])
    assert thread.startswith("Thread-") or thread == "MainThread"


class _ModelHooks:
    @pytest.fixture(autouse=True)
    def _target(self, dbt_profile_target):
        self.target = dbt_profile_target

    def check_hooks(self, state, project, host, count=1):
        contexts = contexts_of(project, "on_model_hook", state)
        assert len(contexts) == count
        for context in contexts:
            assert_context(context, state, project, self.target)


class TestPrePostModelHooks(_ModelHooks, BasePrePostModelHooks):
    pass


class TestPrePostModelHooksUnderscores(_ModelHooks, BasePrePostModelHooks):
    @pytest.fixture(scope="class")
    def project_config_update(self):
        vacuum = {"sql": "vacuum {{ this.schema }}.on_model_hook", "transaction": False}
        return {
            "models": {
                "test": {
                    "pre_hook": [MODEL_PRE_HOOK, vacuum],
                    "post_hook": [vacuum, MODEL_POST_HOOK],
                }
            }
        }


class TestHookRefs(_ModelHooks, BaseHookRefs):
    pass


class TestPrePostModelHooksInConfig(_ModelHooks, BasePrePostModelHooksInConfig):
    pass


class TestPrePostModelHooksInConfigWithCount(_ModelHooks, BasePrePostModelHooksInConfigWithCount):
    pass


class TestPrePostModelHooksInConfigKwargs(_ModelHooks, BasePrePostModelHooksInConfigKwargs):
    pass


class TestPrePostModelHooksOnSeeds(BasePrePostModelHooksOnSeeds):
    pass


class TestPrePostModelHooksOnSeedsPlusPrefixed(BasePrePostModelHooksOnSeedsPlusPrefixed):
    pass


class TestPrePostModelHooksOnSeedsPlusPrefixedWhitespace(
    BasePrePostModelHooksOnSeedsPlusPrefixedWhitespace
):
    pass


class TestHooksRefsOnSeeds(BaseHooksRefsOnSeeds):
    pass


class TestPrePostModelHooksOnSnapshots(BasePrePostModelHooksOnSnapshots):
    pass


class TestPrePostSnapshotHooksInConfigKwargs(BasePrePostSnapshotHooksInConfigKwargs):
    pass


class TestDuplicateHooksInConfigs(BaseDuplicateHooksInConfigs):
    pass


class TestPrePostRunHooks(BasePrePostRunHooks):
    @pytest.fixture(autouse=True)
    def _target(self, dbt_profile_target):
        self.target = dbt_profile_target

    @pytest.fixture(scope="function")
    def setUp(self, project, monkeypatch):
        project.run_sql_file(Path(project.test_data_dir) / "seed_run.sql")
        project.run_sql(f"drop table if exists {project.test_schema}.schemas")
        project.run_sql(f"drop table if exists {project.test_schema}.db_schemas")
        monkeypatch.setenv("TERM_TEST", "TESTING")

    @pytest.fixture(scope="class")
    def project_config_update(self):
        schema = "{{ target.schema }}"
        return {
            "on-run-start": [
                "{{ custom_run_hook('start', target, run_started_at, invocation_id) }}",
                f"create table {schema}.start_hook_order_test (id int)",
                f"drop table {schema}.start_hook_order_test",
                "{{ log(env_var('TERM_TEST'), info=True) }}",
            ],
            "on-run-end": [
                "{{ custom_run_hook('end', target, run_started_at, invocation_id) }}",
                f"create table {schema}.end_hook_order_test (id int)",
                f"drop table {schema}.end_hook_order_test",
                f"create table {schema}.schemas (schema string)",
                f"insert into {schema}.schemas (schema) values {{% for schema in schemas %}}"
                "('{{ schema }}'){% if not loop.last %},{% endif %}{% endfor %}",
                f"create table {schema}.db_schemas (db string, schema string)",
                f"insert into {schema}.db_schemas (db, schema) values "
                "{% for db, schema in database_schemas %}"
                "('{{ db }}', '{{ schema }}'){% if not loop.last %},{% endif %}{% endfor %}",
            ],
            "seeds": {"quote_columns": False},
        }

    def check_hooks(self, state, project, host):
        (context,) = contexts_of(project, "on_run_hook", state)
        assert_context(context, state, project, self.target)

    def assert_used_schemas(self, project):
        for table, expected in [
            ("schemas", (project.test_schema,)),
            ("db_schemas", (str(project.database), project.test_schema)),
        ]:
            (row,) = project.run_sql(f"select * from {project.test_schema}.{table}", fetch="all")
            assert tuple(row) == expected


class TestAfterRunHooks(BaseAfterRunHooks):
    pass
