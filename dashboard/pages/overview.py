"""Overview: what was sold, to whom and when, under filters that hold for all of it."""

import polars as pl
from dash.development.base_component import Component

from dashboard import blocks, charts
from dashboard.blocks import DataTable
from dashboard.formats import number, short
from dashboard.page import Page, View
from dashboard.sales import COLUMNS, Overview, cube, summarise

__all__ = ["PAGE"]

PURCHASES = "marts.fct_purchases"
_TOP = 10


def _overview(view: View) -> Overview | None:
    sales = view.store.made(PURCHASES, COLUMNS, cube)
    return None if sales is None else summarise(sales, view.query)


def _tables(view: View) -> list[DataTable]:
    found = _overview(view)
    return [] if found is None else _tables_of(found)


def _tables_of(found: Overview) -> list[DataTable]:
    return [
        DataTable("top_products", "Top products", found.by["product"]),
        DataTable("sales_by_city", "Sales by city", found.by["city"]),
        DataTable("sales_by_age", "Sales by age", found.by["age"]),
        DataTable("sales_by_gender", "Sales by gender", found.by["gender"]),
        DataTable("sales_by_category", "Sales by category", found.by["category"]),
        DataTable("sales_by_simulated_hour", "Sales by simulated hour", found.by["hour"]),
    ]


def _content(view: View) -> list[Component]:
    head = blocks.heading(
        "Overview", "What was sold, to whom and when. Click a bar to filter everything by it."
    )
    found = _overview(view)
    if found is None:
        return [head, blocks.empty("Sales", PURCHASES)]
    if not found.count_purchases:
        return [head, blocks.note("No purchase passes these filters", "Take one of them away.")]
    cut = {
        "city": ("Sales by city category", "city_category", 170),
        "gender": ("Sales by gender", "gender", 170),
        "age": ("Sales by age", "age", 300),
    }
    bars = [
        blocks.chart(
            f"by-{name}",
            title,
            charts.bars(
                found.by[name], column, "sum_purchase", view.scheme, unit="sales", height=height
            ),
            _most(found.by[name].sort("sum_purchase", descending=True), column, found.sum_purchase),
            filters=name,
        )
        for name, (title, column, height) in cut.items()
    ]
    by_category = found.by["category"].head(_TOP)
    top = found.by["product"].head(_TOP)
    tables = _tables_of(found)
    return [
        head,
        blocks.figures(
            ("Sales", short(found.sum_purchase), "sum of purchases, currency units"),
            ("Purchases", number(found.count_purchases), "one product each"),
            ("Baskets", number(found.count_baskets), "customers; one basket each"),
            ("Average basket", short(found.sum_purchase / found.count_baskets), "sales per basket"),
            (
                "Average purchase",
                number(found.sum_purchase / found.count_purchases),
                "sales per purchase",
            ),
        ),
        blocks.chart(
            "by-hour",
            "Sales by hour",
            charts.lines(
                found.by["hour"],
                "simulated_hour_at",
                {"sum_purchase": "Sales"},
                view.scheme,
                unit="sales",
                height=220,
                fill=True,
            ),
            "The published data has no times: the hours are drawn at random and mean nothing.",
            badge="simulated time",
        ),
        blocks.columns(*bars[:2]),
        blocks.columns(
            bars[2],
            blocks.chart(
                "by-category",
                f"Top {len(by_category)} product categories",
                charts.bars(
                    by_category, "product_category_1", "sum_purchase", view.scheme, unit="sales"
                ),
                _most(by_category, "product_category_1", found.sum_purchase),
                filters="category",
            ),
        ),
        blocks.columns(
            blocks.chart(
                "top-products",
                f"Top {len(top)} products",
                charts.bars(
                    top, "product_id", "sum_purchase", view.scheme, unit="sales", height=380
                ),
                _most(top, "product_id", found.sum_purchase),
            ),
            blocks.table(PAGE.path, tables[0], view.search),
        ),
        blocks.columns(*(blocks.table(PAGE.path, data, view.search) for data in tables[1:3])),
        blocks.columns(*(blocks.table(PAGE.path, data, view.search) for data in tables[3:5])),
        blocks.table(PAGE.path, tables[5], view.search, badge="simulated time"),
    ]


def _most(frame: pl.DataFrame, column: str, total: int) -> str:
    first = frame.row(0, named=True)
    share = 100 * first["sum_purchase"] / total
    return f"{first[column]} brings most: {short(first['sum_purchase'])}, {share:.1f} % of sales."


PAGE = Page(
    path="/",
    title="Overview",
    reads=(PURCHASES,),
    content=_content,
    tables=_tables,
    filters=("city", "age", "gender", "category"),
)
