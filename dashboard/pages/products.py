"""Products: how few of them bring most sales, what categories cost, whom recommendations reach."""

import polars as pl
from dash.development.base_component import Component

from dashboard import blocks, charts
from dashboard.blocks import DataTable
from dashboard.contributions import COLUMNS, PREDICTED, by_product
from dashboard.dots import dots
from dashboard.formats import AMOUNT, SHARE, count_of, number, percent, short
from dashboard.page import Page, View

__all__ = ["PAGE", "pareto", "reach", "share_needed"]

PRODUCTS = "marts.dim_products"
CATEGORIES = "marts.dim_product_categories"
DEMAND = "marts.product_demand"
RECOMMENDATIONS = "predictions.product_recommendations"
AUDIENCES = "predictions.product_audiences"

# Points of the curve; more cannot be told apart on a screen.
_POINTS = 200
_TOP = 12


def pareto(products: pl.DataFrame) -> pl.DataFrame:
    """How much of sales the best sellers bring together.

    Args:
        products: product_id and sum_purchase, one row a product.

    Returns:
        rank, share_of_products and share_of_sales, both of all products up to the rank; some 200
        rows at most, the last one of all products.
    """
    total = products["sum_purchase"].sum()
    curve = products.sort(["sum_purchase", "product_id"], descending=[True, False]).select(
        rank=pl.int_range(1, pl.len() + 1),
        share_of_products=pl.int_range(1, pl.len() + 1) / pl.len(),
        share_of_sales=pl.col("sum_purchase").cast(pl.Int64).cum_sum() / total,
    )
    step = max(1, len(curve) // _POINTS)
    return curve.filter((pl.col("rank") % step == 0) | (pl.col("rank") == len(curve)))


def share_needed(products: pl.DataFrame, part: float) -> float:
    """The smallest share of the products that brings a part of sales."""
    sums = products["sum_purchase"].cast(pl.Int64).sort(descending=True).cum_sum()
    return ((sums < part * sums[-1]).sum() + 1) / len(sums)


def reach(recommendations: pl.DataFrame, products: pl.DataFrame) -> pl.DataFrame:
    """One row per recommended product: in how many lists it stands, and what it sold.

    Args:
        recommendations: user_id, rank, product_id, is_fallback.
        products: product_id, product_category_1, count_purchases; others are left out.
    """
    return (
        recommendations.group_by("product_id")
        .agg(
            pl.len().alias("count_lists"),
            pl.col("rank").mean().alias("mean_rank"),
            pl.col("is_fallback").mean().alias("share_fallback"),
        )
        .join(
            products.select("product_id", "product_category_1", "count_purchases"),
            on="product_id",
        )
        .sort(["count_lists", "product_id"], descending=[True, False])
    )


def _tables(view: View) -> list[DataTable]:
    found = []
    products = view.store.rows(PRODUCTS)
    categories = view.store.rows(CATEGORIES)
    demand = view.store.rows(DEMAND)
    recommendations = view.store.rows(RECOMMENDATIONS)
    if demand is not None:
        ordered = view.query.apply(demand).sort("sum_purchase", descending=True)
        found.append(DataTable("product_demand", "Demand and stock by product", ordered))
    elif products is not None:
        ordered = view.query.apply(products).sort("sales_rank")
        found.append(DataTable("products", "Products by sales", ordered))
    if categories is not None:
        ordered = view.query.apply(categories).sort("sum_purchase", descending=True)
        found.append(DataTable("categories", "Categories by sales", ordered))
    if products is None:
        return found
    kept = view.query.apply(products)
    if recommendations is not None:
        reached = reach(recommendations, kept)
        found.append(DataTable("recommendation_reach", "Reach of recommendations", reached))
    explained = view.store.made(PREDICTED, COLUMNS, by_product)
    if explained is not None and not explained.is_empty():
        ordered = kept.select("product_id", "product_category_1", "sales_rank").join(
            explained, on="product_id"
        )
        ordered = ordered.sort("sales_rank").drop("sales_rank")
        title = "Why products are expected to cost what they do"
        found.append(DataTable("expected_prices", title, ordered))
    audiences = view.store.rows(AUDIENCES)
    if audiences is not None:
        ordered = audiences.join(kept, on="product_id", how="semi").sort("product_id", "rank")
        found.append(DataTable("product_audiences", "Audiences", ordered))
    return found


def _content(view: View) -> list[Component]:
    head = blocks.heading("Products", "Which products bring the sales, and who is shown which.")
    products = view.store.rows(PRODUCTS)
    categories = view.store.rows(CATEGORIES)
    if products is None or categories is None:
        return [head, blocks.empty("Products", PRODUCTS, CATEGORIES)]
    kept = view.query.apply(products)
    mix = view.query.apply(categories).sort("sum_purchase", descending=True)
    if kept.is_empty():
        return [
            head,
            blocks.note("No product passes these filters", "Take one of them away.", "warm"),
        ]
    mix = mix.with_columns(label=pl.format("Category {}", "product_category_1"))
    content = [
        head,
        blocks.figures(
            ("Products", number(len(kept)), "sold at least once"),
            ("Sales", short(kept["sum_purchase"].sum()), "currency units"),
            ("Units", number(kept["count_purchases"].sum()), "purchases"),
            ("Best seller", kept.sort("sales_rank")["product_id"][0], "by sales"),
        ),
        _pareto(view, kept),
        blocks.columns(_mix(view, mix), _ladder(view, mix)),
        *_recommended(view, kept),
    ]
    return content + [blocks.table(PAGE.path, data, view.search) for data in _tables(view)]


def _pareto(view: View, products: pl.DataFrame) -> Component:
    words = "Products from the best seller on; an even spread would be a straight line."
    demand = view.store.rows(DEMAND)
    if demand is not None:
        classes = view.query.apply(demand).group_by("abc_class").len().sort("abc_class").rows()
        words += (
            f" By ABC class: {', '.join(f'{number(count)} in {name}' for name, count in classes)}."
        )
    curve = pareto(products)
    start = pl.DataFrame(
        {"rank": [0], "share_of_products": [0.0], "share_of_sales": [0.0]}, schema=curve.schema
    )
    return blocks.chart(
        "pareto",
        f"{percent(share_needed(products, 0.8))} of the products bring 80 % of sales",
        charts.lines(
            pl.concat([start, curve]),
            "share_of_products",
            {"share_of_sales": "Share of sales"},
            view.scheme,
            unit=SHARE,
            title="share of sales",
            along_unit=SHARE,
            along_title="share of products, best sellers first",
            height=280,
        ),
        words,
    )


def _mix(view: View, mix: pl.DataFrame) -> Component:
    shown = mix.head(_TOP)
    first = shown.head(3)["share_of_sales"].sum()
    title = f"Three categories bring {percent(first)} of all sales"
    if len(shown) < 3:
        title = f"{shown['label'][0]} brings {percent(shown['share_of_sales'][0])} of all sales"
    return blocks.chart(
        "mix",
        title,
        charts.bars(
            shown,
            "label",
            "share_of_sales",
            view.scheme,
            unit=SHARE,
            title="share of all sales",
            keys="product_category_1",
        ),
        "Main categories are numbers: the data names none. Click a bar to filter by it.",
        filters="category",
    )


def _ladder(view: View, mix: pl.DataFrame) -> Component:
    shown = mix.head(_TOP)
    dearest = shown.sort("mean_purchase", descending=True)["label"][0]
    return blocks.chart(
        "ladder",
        f"{dearest} is the dearest of the categories that sell most",
        dots(
            shown,
            "label",
            "mean_purchase",
            ("first_quartile", "third_quartile"),
            view.scheme,
            unit=AMOUNT,
            title="amount of a purchase",
            interval="middle half",
            from_zero=True,
        ),
        "Dots are mean amounts, bars hold the middle half of the purchases.",
    )


def _recommended(view: View, products: pl.DataFrame) -> list[Component]:
    recommendations = view.store.rows(RECOMMENDATIONS)
    if recommendations is None:
        return [blocks.empty("Reach of recommendations", RECOMMENDATIONS)]
    recommendations = recommendations.join(products, on="product_id", how="semi")
    reached = reach(recommendations, products)
    if reached.is_empty():
        words = "Take a filter away."
        return [blocks.note("Nothing of these categories is recommended", words, "warm")]
    share = reached["count_lists"][0] / recommendations["user_id"].n_unique()
    return [
        blocks.section("Recommendations", "Ten products for each customer, by what others bought."),
        blocks.figures(
            (
                "Customers with a list",
                number(recommendations["user_id"].n_unique()),
                "with one of these products",
            ),
            ("Products recommended", number(len(reached)), f"of {len(products):,}"),
            ("Coverage", percent(len(reached) / len(products)), "of these products"),
            (
                "Fallback",
                percent(recommendations["is_fallback"].mean()),
                "of entries: popular ones",
            ),
        ),
        blocks.chart(
            "reach",
            f"{reached['product_id'][0]} stands in {percent(share)} of the lists",
            charts.bars(
                reached.head(_TOP),
                "product_id",
                "count_lists",
                view.scheme,
                unit=count_of("lists"),
            ),
            "The fewer products fill the lists, the less they differ from a list of best sellers.",
        ),
    ]


PAGE = Page(
    path="/products",
    title="Products",
    reads=(PRODUCTS, CATEGORIES, DEMAND, RECOMMENDATIONS, AUDIENCES, PREDICTED),
    content=_content,
    tables=_tables,
    filters=("category",),
)
