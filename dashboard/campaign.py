"""What a campaign would bring under assumptions."""

import polars as pl

__all__ = ["campaign"]


def campaign(
    scenarios: pl.DataFrame, *, lift: float, cost: float, margin: float, reached: int
) -> pl.DataFrame:
    """What a campaign would bring under assumptions, one row per tenth of the customers.

    Args:
        scenarios: value_decile, count_customers, sum_purchase; repeated for each scenario.
        lift: assumed rise of spending, as a share.
        cost: of reaching one customer, in currency units.
        margin: part of sales left after the cost of goods, as a share.
        reached: how many tenths are reached, from those who spend most.
    """
    return (
        scenarios.unique("value_decile", keep="first")
        .sort("value_decile")
        .head(reached)
        .select(
            "value_decile",
            "count_customers",
            "sum_purchase",
            assumed_extra_margin=pl.col("sum_purchase") * lift * margin,
            assumed_cost=pl.col("count_customers") * cost,
        )
        .with_columns(assumed_profit=pl.col("assumed_extra_margin") - pl.col("assumed_cost"))
    )
