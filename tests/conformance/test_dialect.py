"""Set-up statements of dbt's tests, written for PostgreSQL, as Spark reads them."""

import pytest
from conformance.dialect import spark_statements

NOW = "'2015-12-24 12:19:28'"


@pytest.mark.parametrize(
    ("postgres", "spark"),
    [
        (
            "create table {database}.{schema}.t (a TEXT)",
            "create table {schema}.t (a STRING) using delta",
        ),
        (
            "create table t (a TIMESTAMP WITHOUT TIME ZONE)",
            "create table t (a TIMESTAMP) using delta",
        ),
        ("create table t as\nselect 1 as a", "create table t using delta as\nselect 1 as a"),
        ("create table t (a int) using delta", "create table t (a int) using delta"),
        ("alter table t add column a int default 'x'", "alter table t add column a int"),
        (f"insert into t values ({NOW})", f"insert into t values (timestamp {NOW})"),
        ("select md5(a::text)", "select md5(a::string)"),
        ("select 'a text'", "select 'a text'"),
    ],
)
def test_a_statement_is_translated(postgres, spark):
    assert spark_statements(postgres) == [spark]


def test_statements_run_one_after_the_other():
    assert spark_statements("drop table a;\n\ndrop table b;\n") == [
        "drop table a",
        "drop table b",
    ]


def test_no_statement_is_made_of_blanks():
    assert spark_statements(" \n") == []
