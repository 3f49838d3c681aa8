"""What tests of the dashboard need: rows as models and stream write them, and a server."""

import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
from deltalake import write_deltalake

from lakehouse.settings import PROJECT_DIR, Settings
from lakehouse.tables import TableName, open_table
from ml.tables import PREDICTION_TABLES, Provenance, write_predictions
from streaming.live_tables import (
    AVERAGE_BY_CITY,
    FEATURES,
    LIVE_TABLES,
    PREDICTIONS,
    SALES_PER_MINUTE,
    SALES_SLIDING,
    SALES_TUMBLING,
    SHOPPING_SESSIONS,
    STREAM_METRICS,
    TOP_PRODUCTS,
    LiveTable,
    live_path,
)

_START = datetime(2018, 11, 23, 9, tzinfo=UTC)


@contextmanager
def served(settings: Settings) -> Iterator[str]:
    """A dashboard on a lakehouse, as `make dashboard` starts it; yields its address."""
    url = f"http://{settings.dashboard_host}:{settings.dashboard_port}"
    process = subprocess.Popen(
        [sys.executable, "-m", "dashboard"],
        cwd=PROJECT_DIR,
        env=os.environ | settings.as_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        _wait_for(f"{url}/health", process)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait_for(url: str, process: subprocess.Popen[str]) -> None:
    for _ in range(300):
        assert process.poll() is None, process.stdout and process.stdout.read()
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310
                assert answer.status == 200
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"{url} does not answer")


def fill_predictions(settings: Settings) -> None:
    """Write what the models write, invented, for the customers and products of the lakehouse."""
    random = np.random.default_rng(settings.seed)
    customers = pl.read_delta(settings.table_path("marts", "dim_customers")).sort("user_id")
    products = pl.read_delta(settings.table_path("marts", "dim_products")).sort("sales_rank")
    purchases = pl.read_delta(settings.table_path("marts", "fct_purchases"))
    purchases = purchases.sort("event_id").head(2_000)
    users = customers["user_id"].to_numpy()
    names = ("Big spenders", "Frequent shoppers", "Bargain hunters", "Rare guests")
    segment = random.integers(0, len(names), len(users))
    lists = np.stack(
        [random.permutation(min(60, len(products)))[:10] for _ in users]
    )  # places of products
    # Of several categories, so that a filter leaves some out.
    audiences = products.unique("product_category_1", keep="first", maintain_order=True)
    chance = random.uniform(size=len(users))
    predicted = purchases["purchase"].to_numpy() + random.normal(0, 2_500, len(purchases))
    rows: dict[str, dict[str, Any]] = {
        "customer_segments": {
            "user_id": users,
            "segment_id": segment,
            "segment_name": [names[place] for place in segment],
        },
        "segments": {
            "segment_id": range(len(names)),
            "segment_name": names,
            "recommended_action": ["Early access", "Points", "Coupons", "A reminder"],
        },
        "product_recommendations": {
            "user_id": np.repeat(users, 10),
            "rank": np.tile(range(1, 11), len(users)),
            "product_id": products["product_id"].to_numpy()[lists.ravel()],
            "score": np.tile(np.linspace(1, 0.1, 10), len(users)),
            "is_fallback": random.uniform(size=10 * len(users)) < 0.1,
        },
        "product_audiences": {
            "product_id": audiences["product_id"].head(5),
            "rank": [1] * 5,
            "user_id": users[:5],
            "score": [0.9, 0.8, 0.7, 0.6, 0.5],
        },
        "high_value_customers": {
            "user_id": users,
            "probability": chance,
            "threshold": [0.5] * len(users),
            "is_predicted_high_value": chance > 0.5,
            "is_actual_high_value": chance + random.normal(0, 0.2, len(users)) > 0.5,
        },
        "purchase_predictions": {
            "event_id": purchases["event_id"],
            "user_id": purchases["user_id"],
            "product_id": purchases["product_id"],
            "split": np.where(random.uniform(size=len(purchases)) < 0.5, "test", "train"),
            "actual_purchase": purchases["purchase"],
            "predicted_purchase": predicted,
        },
        "hypothesis_tests": _tests(),
        "model_metrics": _metrics(),
    }
    for name, columns in rows.items():
        table = PREDICTION_TABLES[name]
        own = pa.schema([table.schema.field(column) for column in columns])
        arrays = {column: pl.Series(list(values)).to_arrow() for column, values in columns.items()}
        ready = pa.table(arrays).cast(own)
        write_predictions(name, ready, Provenance.now(name, 1, "run", "synthetic"), settings)


def _tests() -> dict[str, list[Any]]:
    effects = [0.46, 0.02, 0.14, 0.005]
    return {
        "hypothesis_id": ["H1", "H1", "H2", "H3"],
        "hypothesis": [
            "Men spend more per purchase than women",
            "Men spend more per purchase than women",
            "Cities differ in spending",
            "Married customers buy more",
        ],
        "grain": ["customer", "purchase within category", "customer", "customer"],
        "test_name": ["Welch t", "Welch t", "Kruskal-Wallis", "Mann-Whitney"],
        "statistic": [9.1, 0.4, 410.0, 0.2],
        "degrees_of_freedom": ["127", "127", "2", ""],
        "p_value": [1e-9, 0.68, 1e-12, 0.8],
        "p_value_holm": [1e-8, 1.0, 1e-11, 1.0],
        "effect_size_name": ["Cohen's d", "Cohen's d", "eta squared", "eta squared"],
        "effect_size": effects,
        "effect_low": [effect - 0.05 for effect in effects],
        "effect_high": [effect + 0.05 for effect in effects],
        "count_rows": [129, 12_000, 129, 129],
        "verdict": ["supported", "not supported", "supported", "not supported"],
        "plain_words": [
            "Men pay more on average.",
            "Within one category, men and women pay the same.",
            "Customers of city C spend least.",
            "No difference could be seen.",
        ],
    }


def _metrics() -> dict[str, list[Any]]:
    names = ["test_rmse", "test_r2", "noise_ceiling_r2", "noise_floor_rmse"]
    names += ["stack_validation_rmse", "gbt_validation_rmse"]
    return {
        "task": ["purchase"] * 6 + ["recommendations"] * 2 + ["high-value"],
        "model_name": ["purchase_value"] * 6
        + ["product_recommendations"] * 2
        + ["high_value_customers"],
        "metric": [*names, "blend_ndcg_at_10", "popularity_ndcg_at_10", "roc_auc"],
        "value": [2_600.0, 0.74, 0.81, 2_400.0, 2_580.0, 3_050.0, 0.11, 0.08, 0.83],
        "low": [2_550.0, 0.73, None, None, None, None, 0.10, None, 0.80],
        "high": [2_650.0, 0.75, None, None, None, None, 0.12, None, 0.86],
        "goal": ["<= 2,350", ">= 0.78", "", "", "<= 2,350", "", ">= 0.10", "", ">= 0.84"],
    }


def fill_marts(settings: Settings) -> None:
    """Write what dbt makes of predictions and events, invented, to marts built without either."""
    customers = pl.read_delta(settings.table_path("marts", "dim_customers")).sort("sales_rank")
    random = np.random.default_rng(settings.seed)
    outcomes = random.choice(["found", "false alarm", "missed", "rightly left out"], len(customers))
    _replace(
        settings,
        "marts.high_value_prospects",
        [
            {
                "user_id": user_id,
                "probability": 1 - rank / len(customers),
                "is_predicted_high_value": outcome in ("found", "false alarm"),
                "is_actual_high_value": outcome in ("found", "missed"),
                "outcome": outcome,
                "prospect_rank": rank,
            }
            for rank, (user_id, outcome) in enumerate(
                zip(customers["user_id"], outcomes.tolist(), strict=True), start=1
            )
        ],
    )
    hours = [_START + timedelta(hours=hour) for hour in range(24)]
    steps = random.multinomial(1_000, (0.6, 0.2, 0.12, 0.08), size=(len(hours), 20))
    names = ("count_views", "count_carts", "count_checkouts", "count_purchases")
    _replace(
        settings,
        "marts.conversion_funnel",
        [
            {"simulated_message_hour_at": hour, "product_category_1": category}
            | dict(zip(names, steps[place, category - 1].tolist(), strict=True))
            for place, hour in enumerate(hours)
            for category in range(1, 21)
        ],
    )
    landed = datetime(2026, 11, 25, tzinfo=UTC)
    partitions = (("black-friday-purchases", 3), ("customer-events", 2), ("product-views", 2))
    _replace(
        settings,
        "marts.stream_audit",
        [
            {
                "topic": topic,
                "kafka_partition": partition,
                "first_offset": 0,
                "last_offset": 4_999,
                "count_landed": 5_000,
                "count_accepted": 4_000 + partition,
                "count_rejected": 600 - partition,
                "count_duplicates": 400,
                "first_landed_at": landed,
                "last_landed_at": landed + timedelta(hours=1),
            }
            for topic, count in partitions
            for partition in range(count)
        ],
    )
    _replace(
        settings,
        "quarantine.rejected_events",
        [
            {
                "record_id": f"customer-events:0:{offset}",
                "rejection_reasons": reasons,
                "raw_line": f'{{"event_type": "<b>{offset}</b>"}}',
                "origin": "kafka",
                "topic": "customer-events",
                "load_id": "customer-events:0",
                "position_in_load": offset,
                "landed_at": landed,
            }
            for offset, reasons in enumerate(
                [["event_type_is_unknown"]] * 5 + [["event_type_is_unknown", "user_id_is_missing"]]
            )
        ],
    )


def _replace(settings: Settings, name: str, rows: list[dict[str, Any]]) -> None:
    schema = pa.schema(open_table(TableName.parse(name), settings).schema().to_arrow())
    # Made anew: delta-rs does not know all functions of the check constraints.
    path = settings.table_path(*name.split("."))
    shutil.rmtree(path)
    write_deltalake(path, pa.Table.from_pylist(rows, schema=schema))


def fill_live(settings: Settings, *, count_minutes: int = 60) -> None:
    """Write what the stream writes, invented, up to a batch of this very moment."""
    random = np.random.default_rng(settings.seed)
    products = pl.read_delta(settings.table_path("marts", "dim_products")).sort("sales_rank")
    minute = timedelta(minutes=1)
    counts = random.poisson(40, count_minutes).tolist()
    append_minutes(settings, counts, first=0, mode="overwrite")
    for table, width, step in ((SALES_TUMBLING, 5, 5), (SALES_SLIDING, 10, 2)):
        starts = range(0, count_minutes - width + 1, step)
        totals = [sum(counts[start : start + width]) for start in starts]
        _write(
            settings,
            table,
            [
                {"window_start_at": _START + start * minute, **_sales(total)}
                | {"window_end_at": _START + (start + width) * minute}
                for start, total in zip(starts, totals, strict=True)
            ],
        )
    _write(
        settings,
        TOP_PRODUCTS,
        [
            {"rank": rank, "product_id": product, **_sales(60 - 4 * rank)}
            | {"window_start_at": _START, "window_end_at": _START + 10 * minute}
            for rank, product in enumerate(products["product_id"].head(10), start=1)
        ],
    )
    _write(settings, AVERAGE_BY_CITY, [{"city_category": city, **_sales(700)} for city in "ABC"])
    _write(
        settings,
        SHOPPING_SESSIONS,
        [
            {"user_id": 1_000_001, "session_start_at": _START, "is_closed": True, **_sales(3)}
            | {"session_end_at": _START + 9 * minute}
        ],
    )
    actual = random.integers(500, 20_000, 1_000)
    _write(
        settings,
        PREDICTIONS,
        [
            {
                "event_id": f"live-{place}",
                "predicted_purchase": float(amount + error),
                "actual_purchase": int(amount),
                "event_at": _START,
                "features": {field.name: None for field in FEATURES},
            }
            for place, (amount, error) in enumerate(
                zip(actual, random.normal(0, 2_500, 1_000), strict=True)
            )
        ],
    )
    measure(settings, datetime.now(UTC), count_batches=40)


def append_minutes(
    settings: Settings, counts: list[int], *, first: int, mode: str = "append"
) -> None:
    """Write minutes with these numbers of purchases, from the minute ``first`` on."""
    rows = [
        {"window_start_at": _START + timedelta(minutes=first + place), **_sales(count)}
        | {"window_end_at": _START + timedelta(minutes=first + place + 1)}
        for place, count in enumerate(counts)
    ]
    _write(settings, SALES_PER_MINUTE, rows, mode=mode)


def measure(settings: Settings, newest: datetime, *, count_batches: int = 1) -> None:
    """Write the measures of batches, one every 5 seconds up to the newest."""
    rows = [
        {
            "measured_at": newest - timedelta(seconds=5 * (count_batches - 1 - batch)),
            "query_name": "bronze_purchases",
            "batch_id": batch,
            "input_rows": 5_000,
            "input_rows_per_second": 900.0 + 40 * (batch % 5),
            "processed_rows_per_second": 1_500.0 + 90 * (batch % 7),
            "lag_offsets": 120,
            "lag_seconds": 2.0 + 0.3 * (batch % 4),
            "batch_seconds": 2.0,
        }
        for batch in range(count_batches)
    ]
    _write(settings, STREAM_METRICS, rows)


def _sales(count: int) -> dict[str, Any]:
    return {
        "count_purchases": count,
        "total_purchase": count * 9_000,
        "average_purchase": 9_000.0,
        "updated_at": _START,
    }


def _write(
    settings: Settings, table: LiveTable, rows: list[dict[str, Any]], *, mode: str = "overwrite"
) -> None:
    assert table in LIVE_TABLES
    write_deltalake(
        live_path(table, settings), pa.Table.from_pylist(rows, schema=table.schema), mode=mode
    )
