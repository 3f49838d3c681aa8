"""The live aggregates computed anew, by Spark's own windows, from what stands in bronze."""

import polars as pl
from deltalake import DeltaTable
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812

from lakehouse.kafka.contract import PURCHASES
from lakehouse.kafka.tables import records_path
from lakehouse.settings import Settings
from streaming.live_tables import (
    AVERAGE_BY_CITY,
    CUSTOMER_FREQUENCY,
    LIVE_AGGREGATES,
    PRODUCT_MINUTES,
    SALES_PER_MINUTE,
    SALES_SLIDING,
    SALES_TUMBLING,
    SHOPPING_SESSIONS,
    TOP_PRODUCTS,
    live_path,
)
from streaming.live_windows import PURCHASE_COLUMNS


def totals() -> tuple[Column, ...]:
    return (
        F.count(F.lit(1)).alias("count_purchases"),
        F.sum("purchase").alias("total_purchase"),
    )


def totals_and_span() -> tuple[Column, ...]:
    return (
        *totals(),
        F.min("event_at").alias("first_purchase_at"),
        F.max("event_at").alias("last_purchase_at"),
    )


def distinct_in_bronze(spark: SparkSession, settings: Settings) -> DataFrame:
    """Each valid purchase once, as its first message has it; all of an event share a partition."""
    bronze = (
        spark.read.format("delta")
        .load(records_path(settings))
        .where((F.col("topic") == PURCHASES.topic) & F.col("is_valid"))
        .withColumn("watermark_at", F.least("event_at", "kafka_timestamp"))
    )
    row = F.struct("kafka_offset", *PURCHASE_COLUMNS)
    return bronze.groupBy("event_id").agg(F.min(row).alias("first")).select("first.*")


def recompute(purchases: DataFrame) -> dict[str, DataFrame]:
    """All aggregates but ``top_products``: keys and totals."""

    def windowed(slot: Column, *keys: str) -> DataFrame:
        rows = purchases.groupBy(slot.alias("slot"), *keys).agg(*totals())
        return rows.select(
            F.col("slot.start").alias("window_start_at"),
            F.col("slot.end").alias("window_end_at"),
            *keys,
            "count_purchases",
            "total_purchase",
        )

    minute = F.window("event_at", "1 minute")
    by_product = windowed(minute, "product_id")
    (newest,) = purchases.agg(F.max(F.window("watermark_at", "1 minute").end)).first()
    sessions = purchases.groupBy(
        "user_id", F.session_window("event_at", "30 minutes").alias("slot")
    ).agg(*totals())
    return {
        SALES_PER_MINUTE.name: windowed(minute),
        SALES_TUMBLING.name: windowed(F.window("event_at", "5 minutes")),
        SALES_SLIDING.name: windowed(F.window("event_at", "10 minutes", "2 minutes")),
        AVERAGE_BY_CITY.name: purchases.groupBy("city_category").agg(*totals_and_span()),
        CUSTOMER_FREQUENCY.name: purchases.groupBy("user_id").agg(*totals_and_span()),
        PRODUCT_MINUTES.name: by_product.where(
            F.col("window_end_at") > F.lit(newest) - F.expr("interval 10 minutes")
        ),
        SHOPPING_SESSIONS.name: sessions.select(
            "user_id",
            F.col("slot.start").alias("session_start_at"),
            (F.col("slot.end") - F.expr("interval 30 minutes")).alias("session_end_at"),
            "count_purchases",
            "total_purchase",
        ),
    }


def live_tables(settings: Settings) -> dict[str, pl.DataFrame]:
    return {
        table.name: pl.from_arrow(DeltaTable(live_path(table, settings)).to_pyarrow_table())
        for table in LIVE_AGGREGATES
    }


def assert_live_equals(settings: Settings, purchases: DataFrame) -> None:
    """Every live table is what a batch run computes from these purchases."""
    live = live_tables(settings)
    for name, computed in recompute(purchases).items():
        wanted = pl.from_arrow(computed.toArrow())
        assert wanted.height > 0, name
        found = live[name].select(wanted.columns).cast(dict(wanted.schema))
        assert found.sort(found.columns).equals(wanted.sort(wanted.columns)), (name, found, wanted)
        averages = live[name]["total_purchase"] / live[name]["count_purchases"]
        assert live[name]["average_purchase"].equals(averages), name
    top = live[TOP_PRODUCTS.name].sort("rank")
    best = (
        live[PRODUCT_MINUTES.name]
        .filter(pl.col("window_end_at") <= top["window_end_at"].max())
        .group_by("product_id")
        .agg(pl.col("total_purchase").sum())
        .sort(["total_purchase", "product_id"], descending=[True, False])
        .head(10)
    )
    assert top.select("product_id", "total_purchase").equals(best)
