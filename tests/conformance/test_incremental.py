"""Incremental models: strategies, keys, predicates, excluded columns and changed schemas."""

import pytest
from dbt.tests.adapter.incremental.test_incremental_merge_exclude_columns import (
    BaseMergeExcludeColumns,
)
from dbt.tests.adapter.incremental.test_incremental_microbatch import BaseMicrobatch
from dbt.tests.adapter.incremental.test_incremental_on_schema_change import (
    BaseIncrementalOnSchemaChange,
)
from dbt.tests.adapter.incremental.test_incremental_predicates import BaseIncrementalPredicates
from dbt.tests.adapter.incremental.test_incremental_unique_id import BaseIncrementalUniqueKey
from dbt.tests.util import check_relations_equal, run_dbt

_INITIAL = {1: "hello", 2: "goodbye"}
_LATER = {2: "yo", 3: "anyway"}


def _rows(rows: dict[int, str]) -> str:
    return " union all ".join(
        f"select cast({key} as bigint) as id, '{text}' as msg" for key, text in rows.items()
    )


def _model(**config: object) -> str:
    return (
        f"{{{{ config(materialized='incremental', **{config!r}) }}}}\n"
        f"{{% if is_incremental() %}}{_rows(_LATER)}{{% else %}}{_rows(_INITIAL)}{{% endif %}}"
    )


def _seed(*rows: tuple[int, str]) -> str:
    return "\n".join(["id,msg", *(f"{key},{text}" for key, text in rows)])


class TestIncrementalStrategies:
    """As dbt-spark's own test of this name, with Delta in all of them."""

    @pytest.fixture(scope="class")
    def models(self):
        return {
            "by_default.sql": _model(),
            "append.sql": _model(incremental_strategy="append"),
            "merge_no_key.sql": _model(incremental_strategy="merge"),
            "merge_key.sql": _model(incremental_strategy="merge", unique_key="id"),
            "overwrite.sql": _model(incremental_strategy="insert_overwrite"),
            "overwrite_partitions.sql": _model(
                incremental_strategy="insert_overwrite", partition_by="id"
            ),
        }

    @pytest.fixture(scope="class")
    def seeds(self):
        return {
            "appended.csv": _seed(*_INITIAL.items(), *_LATER.items()),
            "merged.csv": _seed(*(_INITIAL | _LATER).items()),
            "overwritten.csv": _seed(*_LATER.items()),
        }

    @pytest.fixture(scope="class", autouse=True)
    def run_twice(self, project):
        for command in ("seed", "run", "run"):
            run_dbt([command])

    @pytest.mark.parametrize(
        ("model", "expected"),
        [
            ("by_default", "appended"),
            ("append", "appended"),
            ("merge_no_key", "appended"),
            ("merge_key", "merged"),
            ("overwrite", "overwritten"),
            ("overwrite_partitions", "merged"),
        ],
    )
    def test_strategy(self, project, model, expected):
        check_relations_equal(project.adapter, [model, expected])


class TestBadStrategies:
    """As dbt-spark's own test of this name."""

    @pytest.fixture(scope="class")
    def models(self):
        return {
            "bad_file_format.sql": _model(file_format="something_else"),
            "bad_merge_not_delta.sql": _model(file_format="parquet", incremental_strategy="merge"),
            "bad_strategy.sql": _model(incremental_strategy="something_else"),
        }

    def test_bad_strategies(self, project):
        results = run_dbt(["run"], expect_pass=False)
        assert len(results) == 3
        for result in results:
            assert "Compilation Error in model" in result.message


class TestUniqueKey(BaseIncrementalUniqueKey):
    @pytest.fixture(scope="class")
    def project_config_update(self):
        return {"models": {"+incremental_strategy": "merge"}}


class TestMergeExcludeColumns(BaseMergeExcludeColumns):
    pass


_PREDICATES_MODEL = """
{{ config(materialized='incremental', unique_key='id') }}
{% if not is_incremental() %}
select cast(1 as bigint) as id, 'hello' as msg, 'blue' as color
union all
select cast(2 as bigint) as id, 'goodbye' as msg, 'red' as color
{% else %}
select cast(1 as bigint) as id, 'hey' as msg, 'blue' as color
union all
select cast(2 as bigint) as id, 'yo' as msg, 'green' as color
union all
select cast(3 as bigint) as id, 'anyway' as msg, 'purple' as color
{% endif %}
"""


class _Predicates(BaseIncrementalPredicates):
    @pytest.fixture(scope="class")
    def models(self):
        return {"delete_insert_incremental_predicates.sql": _PREDICATES_MODEL}


class TestIncrementalPredicates(_Predicates):
    @pytest.fixture(scope="class")
    def project_config_update(self):
        return {
            "models": {
                "+incremental_predicates": ["dbt_internal_dest.id != 2"],
                "+incremental_strategy": "merge",
            }
        }


class TestPredicates(_Predicates):
    @pytest.fixture(scope="class")
    def project_config_update(self):
        return {
            "models": {
                "+predicates": ["dbt_internal_dest.id != 2"],
                "+incremental_strategy": "merge",
            }
        }


_BEGIN = "modules.datetime.datetime(2020, 1, 1, 0, 0, 0)"
_MICROBATCH = "incremental_strategy='microbatch', event_time='event_time', batch_size='day'"


class TestMicrobatch(BaseMicrobatch):
    """As dbt-spark has it, which needs a partition in place of a key."""

    @pytest.fixture(scope="class")
    def microbatch_model_sql(self):
        return (
            f"{{{{ config(materialized='incremental', {_MICROBATCH}, begin={_BEGIN}, "
            "partition_by=['date_day']) }}\n"
            "select *, cast(event_time as date) as date_day from {{ ref('input_model') }}"
        )


class TestOnSchemaChangeAppend(BaseIncrementalOnSchemaChange):
    @pytest.fixture(scope="class")
    def project_config_update(self):
        return {"models": {"+incremental_strategy": "append"}}


class TestOnSchemaChangeMerge(BaseIncrementalOnSchemaChange):
    @pytest.fixture(scope="class")
    def project_config_update(self):
        return {"models": {"+incremental_strategy": "merge", "+unique_key": "id"}}


class TestOnSchemaChangeInsertOverwrite(BaseIncrementalOnSchemaChange):
    @pytest.fixture(scope="class")
    def project_config_update(self):
        return {
            "models": {"+incremental_strategy": "insert_overwrite", "+partition_by": "id"},
        }
