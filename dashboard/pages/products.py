"""Products: what is in demand, in which categories, and whom recommendations reach."""

import polars as pl
from dash.development.base_component import Component

from dashboard import blocks, charts
from dashboard.blocks import DataTable
from dashboard.formats import number, percent, short
from dashboard.page import Page, View

__all__ = ["PAGE", "reach"]

PRODUCTS = "marts.dim_products"
CATEGORIES = "marts.dim_product_categories"
DEMAND = "marts.product_demand"
RECOMMENDATIONS = "predictions.product_recommendations"
AUDIENCES = "predictions.product_audiences"


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
    audiences = view.store.rows(AUDIENCES)
    if audiences is not None:
        ordered = audiences.join(kept, on="product_id", how="semi").sort("product_id", "rank")
        found.append(DataTable("product_audiences", "Audiences", ordered))
    return found


def _content(view: View) -> list[Component]:
    head = blocks.heading(
        "Products", "What is in demand, in which categories, recommended to whom."
    )
    products = view.store.rows(PRODUCTS)
    categories = view.store.rows(CATEGORIES)
    if products is None or categories is None:
        return [head, blocks.empty("Products", PRODUCTS, CATEGORIES)]
    kept = view.query.apply(products)
    mix = view.query.apply(categories).sort("sum_purchase", descending=True)
    if kept.is_empty():
        return [head, blocks.note("No product passes these filters", "Take one of them away.")]
    content = [
        head,
        blocks.figures(
            ("Products", number(len(kept)), "sold at least once"),
            ("Sales", short(kept["sum_purchase"].sum()), "currency units"),
            ("Units", number(kept["count_purchases"].sum()), "purchases"),
            ("Best seller", kept.sort("sales_rank")["product_id"][0], "by sales"),
        ),
        blocks.columns(
            blocks.chart(
                "mix",
                "Category mix",
                charts.bars(
                    mix.head(12),
                    "product_category_1",
                    "share_of_sales",
                    view.scheme,
                    unit="share of all sales",
                    number_format=".1%",
                    height=380,
                ),
                "Share of all sales by main category; click a bar to filter by it.",
                filters="category",
            ),
            _demand(view, kept),
        ),
        *_recommended(view, kept),
    ]
    return content + [blocks.table(PAGE.path, data, view.search) for data in _tables(view)]


def _demand(view: View, products: pl.DataFrame) -> Component:
    demand = view.store.rows(DEMAND)
    top = products.sort("count_purchases", descending=True).head(12)
    if demand is None:
        return blocks.chart(
            "demand",
            "Most demanded products",
            charts.bars(
                top, "product_id", "count_purchases", view.scheme, unit="units", height=380
            ),
            f"{top['product_id'][0]} sold most often.",
        )
    classes = (
        view.query.apply(demand)
        .group_by("abc_class")
        .agg(pl.len().alias("count_products"), pl.col("sum_purchase").sum())
        .sort("abc_class")
    )
    share = classes["sum_purchase"][0] / max(classes["sum_purchase"].sum(), 1)
    return blocks.chart(
        "abc",
        "Products by class",
        charts.bars(
            classes,
            "abc_class",
            "count_products",
            view.scheme,
            unit="products",
            number_format=",",
            height=220,
        ),
        f"{classes['count_products'][0]:,} products of class {classes['abc_class'][0]} bring "
        f"{percent(share)} of these sales.",
    )


def _recommended(view: View, products: pl.DataFrame) -> list[Component]:
    recommendations = view.store.rows(RECOMMENDATIONS)
    if recommendations is None:
        return [blocks.empty("Reach of recommendations", RECOMMENDATIONS)]
    recommendations = recommendations.join(products, on="product_id", how="semi")
    reached = reach(recommendations, products)
    if reached.is_empty():
        return [blocks.note("Nothing of these categories is recommended", "Take a filter away.")]
    return [
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
            "Most recommended products",
            charts.bars(
                reached.head(12),
                "product_id",
                "count_lists",
                view.scheme,
                unit="lists of customers",
                colour=2,
                height=340,
            ),
            f"{reached['product_id'][0]} stands in {reached['count_lists'][0]:,} lists.",
        ),
    ]


PAGE = Page(
    path="/products",
    title="Products",
    reads=(PRODUCTS, CATEGORIES, DEMAND, RECOMMENDATIONS, AUDIENCES),
    content=_content,
    tables=_tables,
    filters=("category",),
)
