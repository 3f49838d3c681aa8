"""From which columns the columns and the rows of one query come."""

import pytest

from lakehouse.errors import TableError
from lakehouse.lineage.sql import ColumnRef, query_lineage

SCHEMA = {
    "raw.sales": ("id", "customer", "amount", "tags"),
    "raw.customers": ("customer", "city", "age"),
}


def columns(sql):
    """Output column -> its columns as text, without the schema."""
    traced = query_lineage(sql, SCHEMA)
    return {name: short(refs) for name, refs in traced.columns.items()}


def rows(sql):
    return short(query_lineage(sql, SCHEMA).rows)


def short(refs):
    return " ".join(sorted(f"{ref.table.removeprefix('raw.')}.{ref.column}" for ref in refs))


def test_a_column_is_named_with_its_table_and_schema_in_lower_case():
    traced = query_lineage("select Amount as Total from RAW.Sales", SCHEMA)
    assert traced.columns == {"total": {ColumnRef("raw.sales", "amount")}}


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        pytest.param(
            "select id, amount * 2 as double from raw.sales",
            {"id": "sales.id", "double": "sales.amount"},
            id="renamed and computed",
        ),
        pytest.param(
            "select 1 as one, count(*) as n, current_timestamp() as t from raw.sales",
            {"one": "", "n": "", "t": ""},
            id="made from no column",
        ),
        pytest.param(
            "with a as (select * from raw.sales), b as (select *, amount + id as c from a)\n"
            "select c, customer from b",
            {"c": "sales.amount sales.id", "customer": "sales.customer"},
            id="stars through CTEs",
        ),
        pytest.param(
            "select s.id, c.city from raw.sales as s inner join raw.customers as c "
            "on s.customer = c.customer",
            {"id": "sales.id", "city": "customers.city"},
            id="join",
        ),
        pytest.param(
            "select customer, city from raw.sales inner join raw.customers using (customer)",
            {"customer": "customers.customer sales.customer", "city": "customers.city"},
            id="join with using",
        ),
        pytest.param(
            "select id as x from raw.sales union all select age from raw.customers",
            {"x": "customers.age sales.id"},
            id="set operations by position",
        ),
        pytest.param(
            "select amount as x, x + id as y from raw.sales",
            {"x": "sales.amount", "y": "sales.amount sales.id"},
            id="an alias of the same select",
        ),
        pytest.param(
            "select row_number() over (partition by customer order by amount) as n from raw.sales",
            {"n": "sales.amount sales.customer"},
            id="window",
        ),
        pytest.param(
            "select id, (select max(age) from raw.customers) as oldest from raw.sales",
            {"id": "sales.id", "oldest": "customers.age"},
            id="scalar subquery",
        ),
        pytest.param(
            "select id, (select max(c.age + s.amount) from raw.customers as c "
            "where c.customer = s.customer) as x from raw.sales as s",
            {"id": "sales.id", "x": "customers.age sales.amount"},
            id="correlated subquery",
        ),
        pytest.param(
            "select id, tag from raw.sales lateral view explode(split(tags, ',')) t as tag",
            {"id": "sales.id", "tag": "sales.tags"},
            id="lateral view",
        ),
        pytest.param(
            "select x.c from (select case when age > 1 then city end as c from raw.customers) as x",
            {"c": "customers.age customers.city"},
            id="derived table",
        ),
        pytest.param(
            "with a as (select customer, max_by(struct(amount, id as key), tags) as newest "
            "from raw.sales group by customer)\nselect customer, newest.* from a",
            {
                "customer": "sales.customer",
                "amount": "sales.amount sales.tags",
                "key": "sales.id sales.tags",
            },
            id="each field of a struct has its own, and what chose the struct",
        ),
        pytest.param(
            "with a as (select struct(amount, id as key) as s from raw.sales), "
            "b as (select s from a)\nselect s.key as key, s as whole from b",
            {"key": "sales.id", "whole": "sales.amount sales.id"},
            id="a struct handed on",
        ),
        pytest.param(
            "select s.id, c.oldest from raw.sales as s, lateral (select max(age) as oldest "
            "from raw.customers as c where c.customer = s.customer) as c",
            {"id": "sales.id", "oldest": "customers.age"},
            id="lateral subquery",
        ),
        pytest.param(
            "select id, stack(2, 'a', amount, 'b', tags) as (k, v) from raw.sales",
            {"id": "sales.id", "k": "sales.amount sales.tags", "v": "sales.amount sales.tags"},
            id="a function that makes several columns",
        ),
        pytest.param(
            "select exists (select 1 from raw.customers as c where c.age > 1) as x, "
            "id in (select age from raw.customers where city = 'A') as y from raw.sales",
            {"x": "customers.age", "y": "customers.age customers.city sales.id"},
            id="exists and in answer by the rows there are",
        ),
        pytest.param(
            "select sum(amount) over w as s from raw.sales window w as (partition by customer)",
            {"s": "sales.amount sales.customer"},
            id="named window",
        ),
        pytest.param(
            "with both_sides as (select id, amount from raw.sales "
            "union all select age, age from raw.customers)\nselect amount from both_sides",
            {"amount": "customers.age sales.amount"},
            id="a set operation whose second side names a column twice",
        ),
        pytest.param(
            "with a as (select id from raw.sales), "
            "b as (with a as (select age as id from raw.customers) select id from a)\n"
            "select a.id, b.id as other from a cross join b",
            {"id": "sales.id", "other": "customers.age"},
            id="a CTE that hides another of its name",
        ),
        pytest.param(
            "select s.id, r.id as n from raw.sales as s cross join range(5) as r",
            {"id": "sales.id", "n": ""},
            id="a function that makes rows of nothing",
        ),
    ],
)
def test_values_are_traced_through(sql, expected):
    assert columns(sql) == expected


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select id from raw.sales", ""),
        ("select id from raw.sales where amount > 1", "sales.amount"),
        ("select customer, count(*) as n from raw.sales group by customer", "sales.customer"),
        ("select count(*) as n from raw.sales having max(amount) > 1", "sales.amount"),
        (
            "select s.id from raw.sales as s inner join raw.customers as c "
            "on s.customer = c.customer",
            "customers.customer sales.customer",
        ),
        (
            "select id from raw.sales qualify row_number() over (order by amount) = 1",
            "sales.amount",
        ),
        ("select distinct customer from raw.sales", "sales.customer"),
        (
            "select id from raw.sales union select age from raw.customers",
            "customers.age sales.id",
        ),
        ("select id from raw.sales union all select age from raw.customers", ""),
        (
            "select id from raw.sales except select age from raw.customers",
            "customers.age sales.id",
        ),
        ("select id from raw.sales order by amount limit 3", "sales.amount"),
        ("select id from raw.sales sort by amount limit 3", "sales.amount"),
        ("select id from raw.sales order by amount", ""),
        (
            "select customer, sum(amount) as s from raw.sales group by all",
            "sales.customer",
        ),
        (
            "select s.id from raw.sales as s, lateral "
            "(select age from raw.customers as c where c.city = s.tags) as c",
            "customers.city sales.tags",
        ),
        ("select explode(split(tags, ',')) as tag from raw.sales", "sales.tags"),
        (
            "select id, tag from raw.sales lateral view explode(split(tags, ',')) t as tag",
            "sales.tags",
        ),
        (
            "with a as (select * from raw.sales where amount > 1) select id from a",
            "sales.amount",
        ),
        (
            "select id from raw.sales where customer in "
            "(select customer from raw.customers where age > 1)",
            "customers.age customers.customer sales.customer",
        ),
        (
            "select id from raw.sales as s where exists "
            "(select 1 from raw.customers as c where c.customer = s.customer)",
            "customers.customer sales.customer",
        ),
    ],
)
def test_what_decides_the_rows_is_traced_too(sql, expected):
    assert rows(sql) == expected


def test_a_filter_does_not_flow_into_values():
    assert columns("select id from raw.sales where amount > 1") == {"id": "sales.id"}


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("select from where", "cannot be read"),
        ("select nothing from raw.sales", "could not be resolved"),
        ("select * from raw.unknown", r"raw\.unknown"),
        (
            "select * from raw.sales pivot (sum(amount) for id in (1 as one))",
            "PIVOT and UNPIVOT are not followed",
        ),
        (
            "with recursive r as (select 1 as n union all select n + 1 from r) select n from r",
            "recursive queries are not followed",
        ),
    ],
)
def test_what_cannot_be_traced_says_why_in_one_line(sql, says):
    with pytest.raises(TableError, match=says) as raised:
        query_lineage(sql, SCHEMA)
    assert "\n" not in str(raised.value)
