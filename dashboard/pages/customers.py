"""Customers: how they differ, whom the models would court, and one of them by search."""

import polars as pl
from dash import dcc, html
from dash.development.base_component import Component

from dashboard import blocks, charts
from dashboard.blocks import DataTable
from dashboard.controls import text_input
from dashboard.customer import TABLES as CUSTOMER_TABLES
from dashboard.customer import find, recommended, story
from dashboard.dots import dots
from dashboard.formats import AMOUNT, SCORE, count_of, number, percent, short
from dashboard.metrics import null_models
from dashboard.page import Page, View
from dashboard.theme import Tone

__all__ = ["PAGE"]

CUSTOMERS = "marts.dim_customers"
PROFILES = "marts.segment_profiles"
MEMBERS = "predictions.customer_segments"
PROSPECTS = "marts.high_value_prospects"
METRICS = "predictions.model_metrics"

_FOUND = 12
_POINTS = 1500
_OUTCOMES: dict[str, Tone] = {
    "found": "gain",
    "missed": "loss",
    "false alarm": "warm",
    "rightly left out": "grey",
}


def _tables(view: View) -> list[DataTable]:
    found = []
    customers = view.store.rows(CUSTOMERS)
    profiles = view.store.rows(PROFILES)
    if profiles is not None:
        ordered = profiles.sort("sum_purchase", descending=True)
        found.append(DataTable("segment_profiles", "Profiles of the segments", ordered))
    listed = recommended(view)
    if listed is not None:
        found.append(DataTable("recommendations", "Recommended products", listed))
    prospects = view.store.rows(PROSPECTS)
    if prospects is not None:
        ordered = prospects.sort("prospect_rank", "user_id")
        found.append(DataTable("high_value_prospects", "Whom to court first", ordered))
    if customers is not None:
        found.append(DataTable("customers", "Customers by sales", customers.sort("sales_rank")))
    return found


def _content(view: View) -> list[Component]:
    customers = view.store.rows(CUSTOMERS)
    if customers is None:
        head = blocks.heading("Customers", "How they differ, and one of them at a time.")
        return [head, blocks.empty("Customers", CUSTOMERS)]
    wanted = " ".join(view.query.of("find"))
    head = blocks.heading("Customers", _summary(customers))
    field = text_input(
        "find",
        "Find a customer",
        wanted,
        placeholder="1000001, or: women 26-35 city B",
    )
    content = [head, html.Div(field, className="search", role="search")]
    if wanted:
        content.append(_results(customers, wanted))
    if view.query.of("user"):
        content += story(view, customers, PAGE.path)
    content += _segments(view, customers)
    content.append(_prospects(view))
    shown = [data for data in _tables(view) if data.name != "recommendations"]
    content += [blocks.table(PAGE.path, data, view.search) for data in shown]
    return content


def _summary(customers: pl.DataFrame) -> str:
    best = customers.sort("sum_purchase", descending=True).head(max(1, len(customers) // 5))
    share = best["sum_purchase"].sum() / max(customers["sum_purchase"].sum(), 1)
    return f"A fifth of the {number(len(customers))} customers brings {percent(share)} of sales."


def _results(customers: pl.DataFrame, wanted: str) -> Component:
    found = find(customers, wanted)
    if found.is_empty():
        known = customers["user_id"]
        words = (
            f"Numbers go from {known.min()} to {known.max()}, with gaps; other words are gender, "
            "age band, city and RFM segment."
        )
        return blocks.note(f"No customer is like “{wanted}”", words, "warm")
    links = [
        html.Li(
            [
                dcc.Link(f"Customer {row['user_id']}", href=f"{PAGE.path}?user={row['user_id']}"),
                f" {row['gender']}, {row['age']}, city {row['city_category']}, "
                f"{number(row['count_purchases'])} purchases for {short(row['sum_purchase'])}",
            ]
        )
        for row in found.head(_FOUND).iter_rows(named=True)
    ]
    count = f"{number(len(found))} customers" if len(found) > 1 else "One customer"
    more = f", the {_FOUND} with most sales" if len(found) > _FOUND else ""
    return html.Section(
        [html.H2(f"{count} found{more}", className="block-title"), html.Ul(links)],
        className="card block results",
    )


def _segments(view: View, customers: pl.DataFrame) -> list[Component]:
    profiles = view.store.rows(PROFILES)
    by_rfm = (
        customers.group_by("rfm_segment")
        .agg(pl.len().alias("count_customers"), pl.col("sum_purchase").sum())
        .sort("sum_purchase", descending=True)
    )
    share = by_rfm["sum_purchase"][0] / max(by_rfm["sum_purchase"].sum(), 1)
    rfm = blocks.chart(
        "rfm",
        f"RFM segment “{by_rfm['rfm_segment'][0]}” brings {percent(share)} of sales",
        charts.bars(by_rfm, "rfm_segment", "sum_purchase", view.scheme, unit=AMOUNT, title="sales"),
        "By rules on recency, frequency and money; recency rests on simulated time.",
        badge="simulated recency",
    )
    spread = _spread(view, customers)
    if profiles is None:
        return [blocks.empty("Segments", PROFILES), blocks.columns(spread, rfm)]
    sizes = profiles.sort("sum_purchase", descending=True)
    first = sizes.row(0, named=True)
    total = max(sizes["sum_purchase"].sum(), 1)
    cards = [
        blocks.chart(
            "segments",
            f"{first['segment_name']} bring {percent(first['sum_purchase'] / total)} of sales",
            charts.bars(
                sizes, "segment_name", "sum_purchase", view.scheme, unit=AMOUNT, title="sales"
            ),
            "Tiers of equal size by construction, so sales and not customers are counted.",
        )
    ]
    metrics = view.store.rows(METRICS)
    nulls = None if metrics is None else null_models(metrics)
    if nulls is not None and not nulls.is_empty():
        cards.append(_nulls(view, nulls))
    return [blocks.columns(*cards), blocks.columns(spread, rfm)]


def _nulls(view: View, nulls: pl.DataFrame) -> Component:
    own = nulls.filter(pl.col("tone") == "accent")
    is_best = not own.is_empty() and nulls["tone"][0] == "accent"
    title = (
        "The segments part better than data without groups"
        if is_best
        else "Tiers, not clusters: data without groups part as well"
    )
    return blocks.chart(
        "nulls",
        title,
        dots(
            nulls,
            "label",
            "value",
            ("low", "high"),
            view.scheme,
            unit=SCORE,
            title="silhouette, 1 for perfect separation",
            tones="tone",
            from_zero=True,
        ),
        "Blue are the segments, with a 95 % interval; grey are data that have no groups at all.",
    )


def _spread(view: View, customers: pl.DataFrame) -> Component:
    members = view.store.rows(MEMBERS, ("user_id", "segment_name"))
    if members is None:
        grouped = customers.with_columns(segment_name=pl.lit("Customers"))
    else:
        grouped = customers.join(members, on="user_id", how="left").with_columns(
            pl.col("segment_name").fill_null("No segment")
        )
    order = grouped.group_by("segment_name").agg(sales=pl.col("sum_purchase").mean())
    drawn = (
        grouped.sort("user_id")
        .gather_every(max(1, len(grouped) // _POINTS))
        .join(order, on="segment_name")
        .sort("sales", "user_id", descending=[True, False])
    )
    return blocks.chart(
        "value",
        "Who buys more often spends more: one line, no clusters",
        charts.scatter(
            drawn,
            "count_purchases",
            "sum_purchase",
            "user_id",
            "segment_name",
            view.scheme,
            units=(count_of("purchases"), AMOUNT),
            titles=("", "sales"),
        ),
        f"Each point is a customer ({number(len(drawn))} of {number(len(customers))}); both axes "
        "grow by factors.",
    )


def _prospects(view: View) -> Component:
    prospects = view.store.rows(PROSPECTS)
    if prospects is None:
        return blocks.empty("High-value prospects", PROSPECTS)
    found = prospects.group_by("outcome").agg(pl.len().alias("count_customers"))
    found = found.with_columns(
        tone=pl.col("outcome").replace_strict(_OUTCOMES, default="grey"),
        place=pl.col("outcome").replace_strict(
            {name: place for place, name in enumerate(_OUTCOMES)}, default=9
        ),
    ).sort("place")
    courted = prospects.filter(pl.col("is_predicted_high_value"))
    right = courted["is_actual_high_value"].mean()
    best = prospects.filter(pl.col("is_actual_high_value"))
    share = None if best.is_empty() else best["is_predicted_high_value"].mean()
    return blocks.chart(
        "prospects",
        f"Courting {number(len(courted))} customers finds {percent(share)} of the best fifth",
        charts.bars(
            found,
            "outcome",
            "count_customers",
            view.scheme,
            unit=count_of("customers"),
            tones="tone",
        ),
        f"{number(len(courted))} customers are worth courting by their first purchases; "
        f"{percent(right)} of them did become the best fifth by spending.",
    )


PAGE = Page(
    path="/customers",
    title="Customers",
    reads=(CUSTOMERS, PROFILES, MEMBERS, PROSPECTS, METRICS, *CUSTOMER_TABLES),
    content=_content,
    tables=_tables,
)
