"""Models of every kind together: ephemeral ones, copies, concurrency, `--empty`, `--sample`."""

import pytest
from dbt.tests.adapter.column_types.fixtures import schema_yml
from dbt.tests.adapter.column_types.test_column_types import BasePostgresColumnTypes
from dbt.tests.adapter.concurrency.test_concurrency import BaseConcurrency
from dbt.tests.adapter.empty import _models as empty_models
from dbt.tests.adapter.empty.test_empty import (
    BaseTestEmpty,
    BaseTestEmptyInlineSourceRef,
    BaseTestEmptySeedFlag,
    MetadataWithEmptyFlag,
)
from dbt.tests.adapter.ephemeral.test_ephemeral import (
    BaseEphemeralErrorHandling,
    BaseEphemeralMulti,
    BaseEphemeralNested,
)
from dbt.tests.adapter.sample_mode.test_sample_mode import BaseSampleModeTest
from dbt.tests.adapter.simple_copy.test_copy_uppercase import BaseSimpleCopyUppercase
from dbt.tests.adapter.simple_copy.test_simple_copy import (
    EmptyModelsArentRunBase,
    SimpleCopyBase,
)
from dbt.tests.util import check_relations_equal, read_file, run_dbt


def compact(sql: str) -> str:
    return "".join(sql.split())


def created_view(project, name: str, query: str) -> str:
    """The statement that dbt-spark makes a view with, without blanks."""
    return compact(f"create or replace view {project.test_schema}.{name} as {query}")


class TestEphemeralMulti(BaseEphemeralMulti):
    def test_ephemeral_multi(self, project):
        """As upstream, which compares the statement with PostgreSQL's."""
        run_dbt(["seed"])
        assert len(run_dbt(["run"])) == 3
        check_relations_equal(
            project.adapter, ["seed", "dependent", "double_dependent", "super_dependent"]
        )
        sql = read_file("target", "run", "test", "models", "double_dependent.sql")
        expected = f"""
            with __dbt__cte__base as (select * from {project.test_schema}.seed),
            __dbt__cte__base_copy as (select * from __dbt__cte__base)
            -- base_copy just pulls from base. Make sure the listed
            -- graph of CTEs all share the same dbt_cte__base cte
            select * from __dbt__cte__base where gender = 'Male'
            union all
            select * from __dbt__cte__base_copy where gender = 'Female'
        """
        assert compact(sql) == created_view(project, "double_dependent", expected)


class TestEphemeralNested(BaseEphemeralNested):
    def test_ephemeral_nested(self, project):
        """As upstream, which compares the statement with PostgreSQL's."""
        assert len(run_dbt(["run"])) == 2
        sql = read_file("target", "run", "test", "models", "root_view.sql")
        expected = f"""
            with __dbt__cte__ephemeral_level_two as (
                select * from {project.test_schema}.source_table
            ), __dbt__cte__ephemeral as (select * from __dbt__cte__ephemeral_level_two)
            select * from __dbt__cte__ephemeral
        """
        assert compact(sql) == created_view(project, "root_view", expected)


class TestEphemeralErrorHandling(BaseEphemeralErrorHandling):
    pass


class TestSimpleCopy(SimpleCopyBase):
    pass


class TestEmptyModelsArentRun(EmptyModelsArentRunBase):
    @pytest.fixture(scope="class", autouse=True)
    def tables_by_adapter(self, project):
        # Spark has no information_schema, which upstream asks.
        def tables() -> dict[str, str]:
            adapter = project.adapter
            with adapter.connection_named("_test"):
                relations = adapter.list_relations_without_caching(
                    adapter.Relation.create(schema=project.test_schema)
                )
            return {relation.identifier: relation.type for relation in relations}

        project.get_tables_in_schema = tables


class TestSimpleCopyUppercase(BaseSimpleCopyUppercase):
    @pytest.fixture(scope="class")
    def dbt_profile_target(self, dbt_profile_target):
        return dbt_profile_target

    @pytest.fixture(scope="class")
    def project_config_update(self):
        return {"seeds": {"quote_columns": False}}


class TestConcurrency(BaseConcurrency):
    pass


class TestRunWithEmpty(BaseTestEmpty):
    pass


class TestEmptyInlineSourceRef(BaseTestEmptyInlineSourceRef):
    pass


class TestEmptySeedFlag(BaseTestEmptySeedFlag):
    pass


class TestMetadataWithEmptyFlag(MetadataWithEmptyFlag):
    @pytest.fixture(scope="class")
    def models(self):
        def in_spark_types(sql: str) -> str:
            return sql.replace('"varchar"', '"string"')

        return {
            "schema.yml": empty_models.SCHEMA,
            "control.sql": empty_models.CONTROL,
            "get_columns_in_relation.sql": empty_models.GET_COLUMNS_IN_RELATION,
            "alter_column_type.sql": in_spark_types(empty_models.ALTER_COLUMN_TYPE),
            "alter_relation_comment.sql": empty_models.ALTER_RELATION_COMMENT,
            "alter_column_comment.sql": empty_models.ALTER_COLUMN_COMMENT,
            # dbt-spark drops no columns, and says so while dbt parses.
            "alter_relation_add_remove_columns.sql": in_spark_types(
                empty_models.ALTER_RELATION_ADD_REMOVE_COLUMNS
            ).replace(
                "{% do alter_relation_add_remove_columns(my_seed, none, [my_column]) %}\n", ""
            ),
            "truncate_relation.sql": empty_models.TRUNCATE_RELATION,
        }


class TestSampleMode(BaseSampleModeTest):
    pass


_TYPES_MODEL = """
select
    cast(1 as smallint) as smallint_col,
    cast(2 as int) as int_col,
    cast(3 as bigint) as bigint_col,
    cast(4.0 as float) as real_col,
    cast(5.0 as double) as double_col,
    cast(6.0 as decimal(10, 2)) as numeric_col,
    cast('7' as string) as text_col,
    cast('8' as varchar(20)) as varchar_col
"""


class TestColumnTypes(BasePostgresColumnTypes):
    @pytest.fixture(scope="class")
    def models(self):
        return {"model.sql": _TYPES_MODEL, "schema.yml": schema_yml}
