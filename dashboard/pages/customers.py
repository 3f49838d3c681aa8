"""Customers: segments, who they are, and the page of one of them."""

import polars as pl
from dash import html
from dash.development.base_component import Component

from dashboard import blocks, charts
from dashboard.blocks import DataTable
from dashboard.controls import number_input
from dashboard.formats import moment, number, percent, short
from dashboard.page import Page, View

__all__ = ["PAGE"]

CUSTOMERS = "marts.dim_customers"
PROFILES = "marts.segment_profiles"
MEMBERS = "predictions.customer_segments"
RECOMMENDATIONS = "predictions.product_recommendations"
HIGH_VALUE = "predictions.high_value_customers"
PROSPECTS = "marts.high_value_prospects"
VALUE = "marts.customer_lifetime_value"


def _tables(view: View) -> list[DataTable]:
    found = []
    customers = view.store.rows(CUSTOMERS)
    profiles = view.store.rows(PROFILES)
    if profiles is not None:
        ordered = profiles.sort("sum_purchase", descending=True)
        found.append(DataTable("segment_profiles", "Profiles of the segments", ordered))
    recommended = _recommended(view)
    if recommended is not None:
        found.append(DataTable("recommendations", "Recommended products", recommended))
    prospects = view.store.rows(PROSPECTS)
    if prospects is not None:
        ordered = prospects.sort("prospect_rank", "user_id")
        found.append(DataTable("high_value_prospects", "Whom to court first", ordered))
    if customers is not None:
        found.append(DataTable("customers", "Customers by sales", customers.sort("sales_rank")))
    return found


def _recommended(view: View) -> pl.DataFrame | None:
    user_id = view.query.whole("user")
    frame = view.store.rows(RECOMMENDATIONS)
    if user_id is None or frame is None:
        return None
    found = frame.filter(pl.col("user_id") == user_id).sort("rank")
    products = view.store.rows("marts.dim_products", ("product_id", "product_category_1"))
    return found if products is None else found.join(products, on="product_id", how="left")


def _content(view: View) -> list[Component]:
    head = blocks.heading("Customers", "Segments, who is in them, and one customer at a time.")
    customers = view.store.rows(CUSTOMERS)
    if customers is None:
        return [head, blocks.empty("Customers", CUSTOMERS)]
    wanted = view.query.of("user")
    content = [
        head,
        html.Div(
            number_input(
                "user", "Customer number", view.query.whole("user"), placeholder="1000001"
            ),
            className="filters",
        ),
    ]
    if wanted:
        content += _one(view, customers)
    content += _segments(view, customers)
    content.append(_prospects(view))
    shown = [data for data in _tables(view) if data.name != "recommendations"]
    content += [blocks.table(PAGE.path, data, view.search) for data in shown]
    return content


def _segments(view: View, customers: pl.DataFrame) -> list[Component]:
    profiles = view.store.rows(PROFILES)
    by_rfm = (
        customers.group_by("rfm_segment")
        .agg(pl.len().alias("count_customers"), pl.col("sum_purchase").sum())
        .sort("sum_purchase", descending=True)
    )
    cards = [
        blocks.chart(
            "rfm",
            "Sales by RFM segment",
            charts.bars(by_rfm, "rfm_segment", "sum_purchase", view.scheme, unit="sales"),
            "Rules on recency, frequency and money; recency rests on simulated time.",
            badge="simulated recency",
        ),
        blocks.chart(
            "value",
            "What customers buy and spend",
            charts.scatter(
                customers.sort("user_id").gather_every(max(1, len(customers) // 1500)),
                "count_purchases",
                "sum_purchase",
                "user_id",
                view.scheme,
                titles=("purchases", "sales"),
                height=300,
            ),
            "Each point is a customer (at most 1,500 of them); both axes grow by factors.",
        ),
    ]
    if profiles is None:
        return [blocks.empty("Segments", PROFILES), blocks.columns(*cards)]
    sizes = profiles.sort("sum_purchase", descending=True)
    segments = [
        blocks.chart(
            f"segments-{column}",
            title,
            charts.bars(sizes, "segment_name", column, view.scheme, unit=unit, height=260),
            words,
        )
        for column, title, unit, words in (
            ("count_customers", "Customers by segment", "customers", "Found by clustering."),
            (
                "sum_purchase",
                "Sales by segment",
                "sales",
                "The segment that brings most is on top.",
            ),
        )
    ]
    return [blocks.columns(*segments), blocks.columns(*cards)]


def _prospects(view: View) -> Component:
    prospects = view.store.rows(PROSPECTS)
    if prospects is None:
        return blocks.empty("High-value prospects", PROSPECTS)
    found = (
        prospects.group_by("outcome")
        .agg(pl.len().alias("count_customers"))
        .sort("count_customers", descending=True)
    )
    courted = prospects.filter(pl.col("is_predicted_high_value"))
    right = courted["is_actual_high_value"].mean()
    return blocks.chart(
        "prospects",
        "High-value prospects: what the model found",
        charts.bars(
            found,
            "outcome",
            "count_customers",
            view.scheme,
            unit="customers",
            number_format=",",
            height=220,
        ),
        f"{len(courted):,} customers are worth courting by their first purchases; "
        f"{percent(right)} of them did become the best fifth by spending.",
    )


def _one(view: View, customers: pl.DataFrame) -> list[Component]:
    user_id = view.query.whole("user")
    rows = customers.filter(pl.col("user_id") == user_id) if user_id is not None else None
    if rows is None or rows.is_empty():
        known = customers["user_id"]
        return [
            blocks.note(
                "There is no such customer",
                f"Numbers go from {known.min()} to {known.max()}, with gaps.",
                "yellow",
            )
        ]
    row = rows.row(0, named=True)
    last = row["simulated_last_event_at"]
    married = "married" if row["marital_status"] else "not married"
    content: list[Component] = [
        blocks.note(
            f"Customer {user_id}",
            f"Gender {row['gender']}, age {row['age']}, city category {row['city_category']}, "
            f"occupation {row['occupation']}, {married}, in this city for "
            f"{row['stay_in_current_city_years']} years. Buys mostly in category "
            f"{row['favourite_category']}.",
        ),
        blocks.figures(
            ("Sales", short(row["sum_purchase"]), f"rank {number(row['sales_rank'])}"),
            ("Purchases", number(row["count_purchases"]), "different products"),
            ("Average purchase", number(row["mean_purchase"]), "currency units"),
            ("Segment", _segment_of(view, user_id), "by clustering"),
            ("RFM segment", row["rfm_segment"] or "-", "recency is simulated"),
            ("High value", *_high_value(view, user_id)),
            ("Lifetime value", *_lifetime_value(view, user_id)),
            ("Last purchase", f"{last:%d %b}", f"{moment(last)}, simulated"),
        ),
    ]
    recommended = _recommended(view)
    if recommended is None:
        content.append(blocks.empty("Recommendations", RECOMMENDATIONS))
    elif recommended.is_empty():
        content.append(
            blocks.note("No recommendations", "The model was trained without this customer.")
        )
    else:
        data = DataTable("recommendations", f"Recommended to customer {user_id}", recommended)
        content.append(blocks.table(PAGE.path, data, view.search))
    return content


def _segment_of(view: View, user_id: int) -> str:
    members = view.store.rows(MEMBERS)
    if members is None:
        return "-"
    found = members.filter(pl.col("user_id") == user_id)
    return found["segment_name"][0] if len(found) else "-"


def _high_value(view: View, user_id: int) -> tuple[str, str]:
    frame = view.store.rows(HIGH_VALUE)
    found = None if frame is None else frame.filter(pl.col("user_id") == user_id)
    if found is None or found.is_empty():
        return "-", "not scored yet"
    row = found.row(0, named=True)
    is_predicted = "predicted" if row["is_predicted_high_value"] else "not predicted"
    return percent(row["probability"]), f"probability; {is_predicted}"


def _lifetime_value(view: View, user_id: int) -> tuple[str, str]:
    frame = view.store.rows(VALUE, ("user_id", "assumed_lifetime_value", "value_tier"))
    found = None if frame is None else frame.filter(pl.col("user_id") == user_id)
    if found is None or found.is_empty():
        return "-", "not built yet"
    row = found.row(0, named=True)
    words = f"{row['value_tier']} tier; margin and return are assumed"
    return short(row["assumed_lifetime_value"]), words


PAGE = Page(
    path="/customers",
    title="Customers",
    reads=(CUSTOMERS, PROFILES, MEMBERS, RECOMMENDATIONS, HIGH_VALUE, PROSPECTS, VALUE),
    content=_content,
    tables=_tables,
)
