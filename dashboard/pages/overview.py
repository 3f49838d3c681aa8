"""Overview: who buys what, for how much, under filters that hold for all of it."""

import polars as pl
from dash.development.base_component import Component

from dashboard import blocks, charts
from dashboard.blocks import DataTable
from dashboard.formats import AMOUNT, number, percent, short
from dashboard.page import Page, View
from dashboard.sales import COLUMNS, Overview, cube, summarise

__all__ = ["PAGE", "finding"]

PURCHASES = "marts.fct_purchases"
_TOP = 10
_CUTS = {
    # Parameter of the address -> column, how its values are called, and words below the chart.
    "gender": ("gender", {"F": "Women", "M": "Men"}, "Spending of all customers of a gender."),
    "city": ("city_category", {}, "The three categories of cities are the publisher's own."),
    "age": ("age", {}, "Bands of age, the youngest on top; the bands are not equally wide."),
    "category": ("product_category_1", {}, "Main categories are numbers: the data names none."),
}
_NOUNS = {"city": "City", "age": "Aged", "category": "Category"}


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


def finding(frame: pl.DataFrame, label: str, total: float) -> str:
    """A sentence on the row with the highest sales.

    >>> finding(pl.DataFrame({"x": ["Men", "Women"], "sum_purchase": [3, 1]}), "x", 4)
    'Men bring 75.0 % of sales'
    """
    best = frame.sort("sum_purchase", descending=True, maintain_order=True)
    name, verb = best[label][0], "bring" if best[label][0] in ("Men", "Women") else "brings"
    return f"{name} {verb} {percent(best['sum_purchase'][0] / total)} of sales"


def _content(view: View) -> list[Component]:
    found = _overview(view)
    title = "Overview"
    if found is None:
        return [
            blocks.heading(title, "Who buys what, and for how much."),
            blocks.empty("Sales", PURCHASES),
        ]
    if not found.count_purchases:
        return [
            blocks.heading(title, "Who buys what, and for how much."),
            blocks.note("No purchase passes these filters", "Take one of them away.", "warm"),
        ]
    tables = {data.name: data for data in _tables_of(found)}
    bars = {name: _cut(view, found, name, tables[f"sales_by_{name}"]) for name in _CUTS}
    top = found.by["product"].head(_TOP)
    share = top["sum_purchase"].sum() / found.sum_purchase
    return [
        blocks.heading(
            title,
            f"{number(found.count_customers)} customers spent {short(found.sum_purchase)} currency "
            "units. Click a bar to filter everything by it; a second click takes the filter off.",
        ),
        blocks.figures(
            ("Sales", short(found.sum_purchase), "currency units"),
            ("Purchases", number(found.count_purchases), "one product each"),
            ("Customers", number(found.count_customers), "with at least one purchase"),
            (
                "Spend per customer",
                short(found.sum_purchase / found.count_customers),
                "currency units over the weekend",
            ),
            (
                "Average purchase",
                short(found.sum_purchase / found.count_purchases),
                "currency units",
            ),
        ),
        blocks.columns(bars["gender"], bars["city"]),
        blocks.columns(bars["age"], bars["category"]),
        blocks.columns(
            blocks.chart(
                "top-products",
                f"The {len(top)} best sellers bring {percent(share)} of sales",
                charts.bars(
                    top, "product_id", "sum_purchase", view.scheme, unit=AMOUNT, title="sales"
                ),
                "A long tail: no single product decides. The page Products shows the whole curve.",
            ),
            blocks.table(PAGE.path, tables["top_products"], view.search),
        ),
        blocks.chart(
            "by-hour",
            "Sales by hour, drawn at random",
            charts.lines(
                found.by["hour"],
                "simulated_hour_at",
                {"sum_purchase": "Sales"},
                view.scheme,
                unit=AMOUNT,
                height=150,
            ),
            "The published data has no times. The hours exercise the pipeline and say nothing "
            "about when people shop.",
            badge="simulated time",
            link=blocks.download(PAGE.path, tables["sales_by_simulated_hour"], view.search),
        ),
    ]


def _cut(view: View, found: Overview, name: str, data: DataTable) -> Component:
    column, names, words = _CUTS[name]
    frame = found.by[name]
    label = (
        pl.col(column).replace(names)
        if names
        else pl.format("{} {}", pl.lit(_NOUNS[name]), pl.col(column))
    )
    named = frame.with_columns(label=label)
    title = finding(named, "label", found.sum_purchase)
    if len(frame) > _TOP:
        words = f"{words} The {_TOP} with most sales; the CSV has all {len(frame)}."
    if len(frame) == 1:
        title = f"{named['label'][0]} alone passes the filters"
    return blocks.chart(
        f"by-{name}",
        title,
        charts.bars(
            named.head(_TOP),
            "label",
            "sum_purchase",
            view.scheme,
            unit=AMOUNT,
            title="sales",
            keys=column,
        ),
        words,
        filters=name,
        link=blocks.download(PAGE.path, data, view.search),
    )


PAGE = Page(
    path="/overview",
    title="Overview",
    reads=(PURCHASES,),
    content=_content,
    tables=_tables,
    filters=("city", "age", "gender", "category"),
)
