"""Contracts and constraints, adapted as dbt-spark adapts them for Databricks."""

import pytest
from dbt.tests.adapter.constraints import fixtures
from dbt.tests.adapter.constraints.test_constraints import (
    BaseConstraintQuotedColumn,
    BaseConstraintsRollback,
    BaseConstraintsRuntimeDdlEnforcement,
    BaseIncrementalConstraintsColumnsEqual,
    BaseIncrementalConstraintsRollback,
    BaseIncrementalConstraintsRuntimeDdlEnforcement,
    BaseIncrementalContractSqlHeader,
    BaseIncrementalForeignKeyConstraint,
    BaseModelConstraintsRuntimeEnforcement,
    BaseTableConstraintsColumnsEqual,
    BaseTableContractSqlHeader,
    BaseViewConstraintsColumnsEqual,
)

# Constraints are enforced by `alter table` statements that follow this one.
_EXPECTED_SQL = """
create or replace table <model_identifier>
    using delta
    as
select
  id,
  color,
  date_day
from
(
    -- depends_on: <foreign_key_model_identifier>
    select
    'blue' as color,
    1 as id,
    '2019-01-01' as date_day ) as model_subq
"""


def in_spark_types(yml: str) -> str:
    return yml.replace("text", "string").replace("primary key", "")


_SCHEMA_YML = in_spark_types(fixtures.model_schema_yml)
_FOREIGN_KEY_YML = in_spark_types(fixtures.model_fk_constraint_schema_yml)


class _SparkTypes:
    """What Spark's types are called in a contract and in the message about a wrong one."""

    names: tuple[str, ...]

    @pytest.fixture
    def string_type(self, target_name):
        return "STRING_TYPE" if target_name == "thrift" else "string"

    @pytest.fixture
    def int_type(self, target_name):
        return "INT_TYPE" if target_name == "thrift" else "int"

    @pytest.fixture
    def schema_string_type(self):
        return "STRING"

    @pytest.fixture
    def schema_int_type(self):
        return "INT"

    @pytest.fixture
    def data_types(self, target_name, int_type, string_type):
        # SQL of a value, type in the contract, type in the message
        def told(thrift: str, session: str) -> str:
            return thrift if target_name == "thrift" else session

        return [
            ["1", "INT", int_type],
            ['"1"', "STRING", string_type],
            ["true", "boolean", told("BOOLEAN_TYPE", "boolean")],
            ['array("1","2","3")', "array<string>", told("ARRAY_TYPE", "array<string>")],
            ["array(1,2,3)", "array<int>", told("ARRAY_TYPE", "array<int>")],
            ["cast('2019-01-01' as date)", "date", told("DATE_TYPE", "date")],
            ["cast('2019-01-01' as timestamp)", "timestamp", told("TIMESTAMP_TYPE", "timestamp")],
            ["cast(1.0 AS DECIMAL(4, 2))", "decimal(4, 2)", told("DECIMAL_TYPE", "decimal(4,2)")],
        ]


class TestTableConstraintsColumnsEqual(_SparkTypes, BaseTableConstraintsColumnsEqual):
    @pytest.fixture(scope="class")
    def models(self):
        return {
            "my_model_wrong_order.sql": fixtures.my_model_wrong_order_sql,
            "my_model_wrong_name.sql": fixtures.my_model_wrong_name_sql,
            "constraints_schema.yml": _SCHEMA_YML,
        }


class TestViewConstraintsColumnsEqual(_SparkTypes, BaseViewConstraintsColumnsEqual):
    @pytest.fixture(scope="class")
    def models(self):
        return {
            "my_model_wrong_order.sql": fixtures.my_model_view_wrong_order_sql,
            "my_model_wrong_name.sql": fixtures.my_model_view_wrong_name_sql,
            "constraints_schema.yml": _SCHEMA_YML,
        }


class TestIncrementalConstraintsColumnsEqual(_SparkTypes, BaseIncrementalConstraintsColumnsEqual):
    @pytest.fixture(scope="class")
    def models(self):
        return {
            "my_model_wrong_order.sql": fixtures.my_model_incremental_wrong_order_sql,
            "my_model_wrong_name.sql": fixtures.my_model_incremental_wrong_name_sql,
            "constraints_schema.yml": _SCHEMA_YML,
        }


class _ExpectedSql:
    @pytest.fixture(scope="class")
    def expected_sql(self):
        return _EXPECTED_SQL


class TestTableConstraintsDdl(_ExpectedSql, BaseConstraintsRuntimeDdlEnforcement):
    @pytest.fixture(scope="class")
    def models(self):
        return {
            "my_model.sql": fixtures.my_model_wrong_order_depends_on_fk_sql,
            "foreign_key_model.sql": fixtures.foreign_key_model_sql,
            "constraints_schema.yml": _FOREIGN_KEY_YML,
        }


class TestIncrementalConstraintsDdl(_ExpectedSql, BaseIncrementalConstraintsRuntimeDdlEnforcement):
    @pytest.fixture(scope="class")
    def models(self):
        return {
            "my_model.sql": fixtures.my_model_incremental_wrong_order_depends_on_fk_sql,
            "foreign_key_model.sql": fixtures.foreign_key_model_sql,
            "constraints_schema.yml": _FOREIGN_KEY_YML,
        }


class TestModelConstraintsDdl(_ExpectedSql, BaseModelConstraintsRuntimeEnforcement):
    @pytest.fixture(scope="class")
    def models(self):
        return {
            "my_model.sql": fixtures.my_model_wrong_order_depends_on_fk_sql,
            "foreign_key_model.sql": fixtures.foreign_key_model_sql,
            "constraints_schema.yml": _FOREIGN_KEY_YML,
        }


class TestConstraintQuotedColumn(BaseConstraintQuotedColumn):
    @pytest.fixture(scope="class")
    def models(self):
        return {
            "my_model.sql": fixtures.my_model_with_quoted_column_name_sql,
            "constraints_schema.yml": fixtures.model_quoted_column_schema_yml.replace(
                "text", "string"
            ).replace('"from"', "`from`"),
        }

    @pytest.fixture(scope="class")
    def expected_sql(self):
        return _EXPECTED_SQL.replace("color", "`from`").replace(
            "-- depends_on: <foreign_key_model_identifier>", ""
        )


class _Rollback:
    @pytest.fixture(scope="class")
    def expected_error_messages(self):
        return [
            "DELTA_NEW_CHECK_CONSTRAINT_VIOLATION",
            "DELTA_NEW_NOT_NULL_VIOLATION",
            "DELTA_VIOLATE_CONSTRAINT_WITH_VALUES",
            "DELTA_NOT_NULL_CONSTRAINT_VIOLATED",
        ]

    def assert_expected_error_messages(self, error_message, expected_error_messages):
        # Which one it is depends on the constraint that is added first.
        assert any(text in error_message for text in expected_error_messages)


class TestTableConstraintsRollback(_Rollback, BaseConstraintsRollback):
    @pytest.fixture(scope="class")
    def models(self):
        return {
            "my_model.sql": fixtures.my_model_sql,
            "constraints_schema.yml": _SCHEMA_YML,
        }

    @pytest.fixture(scope="class")
    def expected_color(self):
        # The constraints follow once the table is replaced, and nothing takes that back.
        return "red"


class TestIncrementalConstraintsRollback(_Rollback, BaseIncrementalConstraintsRollback):
    @pytest.fixture(scope="class")
    def models(self):
        return {
            "my_model.sql": fixtures.my_incremental_model_sql,
            "constraints_schema.yml": _SCHEMA_YML,
        }


def with_spark_header(model_sql: str) -> str:
    """A model whose header sets the time zone of the session, as Spark writes it."""
    return model_sql.replace("set session time zone 'Asia/Kolkata'", "set time zone 'UTC'").replace(
        "current_setting('timezone')", "current_timezone()"
    )


_HEADER_YML = fixtures.model_contract_header_schema_yml.replace("text", "string")


class TestTableContractSqlHeader(BaseTableContractSqlHeader):
    @pytest.fixture(scope="class")
    def models(self):
        return {
            "my_model_contract_sql_header.sql": with_spark_header(
                fixtures.my_model_contract_sql_header_sql
            ),
            "constraints_schema.yml": _HEADER_YML,
        }


class TestIncrementalContractSqlHeader(BaseIncrementalContractSqlHeader):
    @pytest.fixture(scope="class")
    def models(self):
        return {
            "my_model_contract_sql_header.sql": with_spark_header(
                fixtures.my_model_incremental_contract_sql_header_sql
            ),
            "constraints_schema.yml": _HEADER_YML,
        }


class TestIncrementalForeignKeyConstraint(BaseIncrementalForeignKeyConstraint):
    pass
