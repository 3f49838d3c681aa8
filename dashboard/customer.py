"""Finding one customer, and its story: who it is, what it is worth, what to show it and why."""

import polars as pl
from dash.development.base_component import Component

from dashboard import blocks, charts
from dashboard.blocks import DataTable
from dashboard.contributions import COLUMNS, PREDICTED, by_customer, in_words, parts
from dashboard.formats import AMOUNT, moment, number, percent, short
from dashboard.page import View

__all__ = ["TABLES", "find", "recommended", "story", "with_reasons"]

MEMBERS = "predictions.customer_segments"
SEGMENTS = "predictions.segments"
RECOMMENDATIONS = "predictions.product_recommendations"
HIGH_VALUE = "predictions.high_value_customers"
PRODUCTS = "marts.dim_products"
VALUE = "marts.customer_lifetime_value"

TABLES = (MEMBERS, SEGMENTS, RECOMMENDATIONS, HIGH_VALUE, VALUE, PRODUCTS, PREDICTED)
"""Tables that a story reads, beside the customers."""


def find(customers: pl.DataFrame, words: str) -> pl.DataFrame:
    """The customers of whom every word is true, the best by sales first.

    A word is the beginning of a customer's number, or in any letters its gender, age band, city
    category, RFM segment, or ``city`` and ``women`` and the like, which say what others mean.

    Args:
        customers: rows of ``marts.dim_customers``.
        words: parted by blanks.
    """
    means = {"women": "f", "woman": "f", "men": "m", "man": "m"}
    found = customers
    for word in words.lower().split():
        if word in ("city", "aged", "age", "customer"):
            continue
        word = means.get(word, word)
        exact = [
            pl.col(column).str.to_lowercase() == word
            for column in ("gender", "age", "city_category")
        ]
        found = found.filter(
            pl.any_horizontal(
                *exact,
                pl.col("user_id").cast(pl.String).str.starts_with(word) & (len(word) > 2),
                pl.col("rfm_segment").str.to_lowercase().str.contains(word, literal=True)
                & (len(word) > 2),
            ).fill_null(False)
        )
    return found.sort("sales_rank", "user_id")


def with_reasons(products: pl.DataFrame, favourite: int | None) -> pl.DataFrame:
    """Recommended products with a column ``why``.

    Args:
        products: product_category_1 and is_fallback.
        favourite: the category that the customer buys most in.
    """
    return products.with_columns(
        why=pl.when(pl.col("is_fallback"))
        .then(pl.lit("A best seller: too little is known of this customer"))
        .when((pl.col("product_category_1") == favourite).fill_null(False))
        .then(pl.lit("Bought by others with like baskets, in its favourite category"))
        .otherwise(pl.lit("Bought by others with like baskets"))
    )


def recommended(view: View) -> pl.DataFrame | None:
    """The products recommended to the customer in the address; None without table or number."""
    user_id = view.query.whole("user")
    frame = view.store.rows(RECOMMENDATIONS)
    if user_id is None or frame is None:
        return None
    found = frame.filter(pl.col("user_id") == user_id).sort("rank")
    products = view.store.rows(PRODUCTS, ("product_id", "product_category_1"))
    return found if products is None else found.join(products, on="product_id", how="left")


def story(view: View, customers: pl.DataFrame, page: str) -> list[Component]:
    """The blocks of the customer in the address.

    Args:
        view: what the page is rendered for.
        customers: rows of ``marts.dim_customers``.
        page: path of the page, for downloads.
    """
    user_id = view.query.whole("user")
    rows = customers.filter(pl.col("user_id") == user_id) if user_id is not None else None
    if rows is None or rows.is_empty():
        known = customers["user_id"]
        words = f"Numbers go from {known.min()} to {known.max()}, with gaps."
        return [blocks.note("There is no such customer", words, "warm")]
    row = rows.row(0, named=True)
    last = row["simulated_last_event_at"]
    content: list[Component] = [
        blocks.section(f"Customer {user_id}", _who(row, len(customers))),
        blocks.figures(
            (
                "Sales",
                short(row["sum_purchase"]),
                f"rank {number(row['sales_rank'])} of {number(len(customers))}",
            ),
            ("Purchases", number(row["count_purchases"]), "different products"),
            ("Average purchase", number(row["mean_purchase"]), "currency units"),
            ("Segment", *_segment(view, row["user_id"])),
            ("RFM segment", row["rfm_segment"] or "-", "recency is simulated"),
            ("High value", *_high_value(view, row["user_id"])),
            ("Lifetime value", *_lifetime_value(view, row["user_id"])),
            ("Last purchase", f"{last:%d %b}", f"{moment(last)}, simulated"),
        ),
    ]
    content += _explanation(view, int(row["user_id"]))
    listed = recommended(view)
    if listed is None:
        content.append(blocks.empty("Recommendations", RECOMMENDATIONS))
    elif listed.is_empty():
        words = "The model was trained without this customer."
        content.append(blocks.note("No recommendations", words, "grey"))
    else:
        known = "product_category_1" in listed.columns
        reasons = with_reasons(listed, row["favourite_category"]) if known else listed
        shown = reasons.drop("user_id", "is_fallback")
        data = DataTable("recommendations", f"Recommended to customer {user_id}", shown)
        content.append(blocks.table(page, data, view.search))
    return content


def _who(row: dict[str, object], count: int) -> str:
    who = {"F": "A woman", "M": "A man"}.get(str(row["gender"]), "Someone")
    married = "married" if row["marital_status"] else "not married"
    top = int(str(row["sales_rank"])) / count
    return (
        f"{who} of {row['age']}, {married}, occupation {row['occupation']}, for "
        f"{row['stay_in_current_city_years']} years in a city of category {row['city_category']}. "
        f"Among the first {percent(top, 0 if top >= 0.01 else 1)} by sales; buys mostly in "
        f"category {row['favourite_category']}."
    )


def _one(view: View, table: str, user_id: int) -> dict[str, object] | None:
    frame = view.store.rows(table)
    found = None if frame is None else frame.filter(pl.col("user_id") == user_id)
    return None if found is None or found.is_empty() else found.row(0, named=True)


def _explanation(view: View, user_id: int) -> list[Component]:
    means = view.store.made(PREDICTED, COLUMNS, by_customer)
    found = None if means is None else means.filter(pl.col("user_id") == user_id)
    if found is None or found.is_empty():
        return []
    row = found.row(0, named=True)
    return [
        blocks.chart(
            "explanation",
            in_words(row),
            charts.bars(
                parts(row),
                "part",
                "amount",
                view.scheme,
                unit=AMOUNT,
                title="added to the forecast",
                tones="tone",
            ),
            f"Categories alone make it {number(row['contribution_category'])}; the other parts of "
            "the purchase model add this, on average over the "
            f"{number(row['count_purchases'])} purchases of this customer.",
        )
    ]


def _segment(view: View, user_id: int) -> tuple[str, str]:
    row = _one(view, MEMBERS, user_id)
    if row is None:
        return "-", "not scored yet"
    segments = view.store.rows(SEGMENTS, ("segment_name", "recommended_action"))
    found = (
        None if segments is None else segments.filter(pl.col("segment_name") == row["segment_name"])
    )
    action = "by clustering" if found is None or found.is_empty() else found[0, 1]
    return str(row["segment_name"]), str(action)


def _high_value(view: View, user_id: int) -> tuple[str, str]:
    row = _one(view, HIGH_VALUE, user_id)
    if row is None:
        return "-", "not scored yet"
    side = "above" if row["is_predicted_high_value"] else "below"
    words = f"probability by its first purchases, {side} the {percent(row['threshold'])} to court"
    return percent(row["probability"]), words


def _lifetime_value(view: View, user_id: int) -> tuple[str, str]:
    row = _one(view, VALUE, user_id)
    if row is None:
        return "-", "not built yet"
    words = f"{row['value_tier']} tier; margin and return are assumed"
    return short(row["assumed_lifetime_value"]), words
