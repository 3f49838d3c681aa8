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
from ml.task import Metric
from ml.verdicts import verdict_rows
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
            # Of errors that are normal with a deviation of 2,500.
            "predicted_low_80": predicted - 3_204,
            "predicted_high_80": predicted + 3_204,
            "predicted_low_95": predicted - 4_900,
            "predicted_high_95": predicted + 4_900,
            **_contributions(predicted),
        },
        "hypothesis_tests": _tests(),
        "model_metrics": _metrics(),
        "verdicts": _verdicts(),
    }
    for name, columns in rows.items():
        table = PREDICTION_TABLES[name]
        own = pa.schema([table.schema.field(column) for column in columns])
        arrays = {column: pl.Series(list(values)).to_arrow() for column, values in columns.items()}
        ready = pa.table(arrays).cast(own)
        write_predictions(name, ready, Provenance.now(name, 1, "run", "synthetic"), settings)


def _contributions(predicted: np.ndarray) -> dict[str, np.ndarray]:
    """Parts of forecasts: most of the category, a little of customer and product."""
    parts = {
        "product": 200.0,
        "user": 100.0,
        "user_category": 20.0,
        "factors": -30.0,
        "trees": 10.0,
    }
    category = predicted - sum(parts.values())
    constant = {
        f"contribution_{name}": np.full(len(category), part) for name, part in parts.items()
    }
    return {"contribution_category": category} | constant


def _tests() -> dict[str, list[Any]]:
    effects = [0.14, 0.018, 0.04, 0.005, 0.12, 0.98, 0.14]
    return {
        "hypothesis_id": [
            "sum_purchase_by_city_category",
            "sum_purchase_by_age",
            "mean_purchase_by_gender",
            "within_category_purchase_by_gender",
            "categories_by_gender",
            "sum_purchase_with_count_purchases",
            "sum_purchase_by_city_category",
        ],
        "hypothesis": [
            "Total spend depends on city category.",
            "Total spend depends on age.",
            "Average purchase depends on gender.",
            "Within a category, women and men pay different amounts.",
            "Which categories are bought depends on gender.",
            "Total spend, which adds up purchases, goes with how often a customer buys.",
            "Total spend depends on city category.",
        ],
        "grain": ["customer"] * 7,
        "test_name": [
            *["welch_anova"] * 4,
            "permutation_chi_squared",
            "spearman",
            "kruskal_wallis",
        ],
        "statistic": [410.0, 4.0, 272.0, 0.4, 8_070.0, 0.98, 400.0],
        "degrees_of_freedom": ["2, 60", "6, 50", "1, 127", "1, 127", "", "", "2"],
        "p_value": [1e-12, 0.02, 1e-9, 0.68, 5e-4, 1e-30, 1e-11],
        "p_value_holm": [1e-11, 0.04, 1e-8, 1.0, 0.0065, 1e-29, None],
        "effect_size_name": [*["eta squared"] * 4, "Cohen's w", "rho", "eta squared"],
        "effect_size": effects,
        "effect_low": [max(effect - 0.05, 0) for effect in effects],
        "effect_high": [min(effect + 0.05, 1) for effect in effects],
        "count_rows": [129] * 7,
        "verdict": [
            "supported",
            "supported, but negligible",
            "supported",
            "not supported",
            "supported",
            "supported",
            "for comparison",
        ],
        "plain_words": [
            "There is a large difference. Highest for A, lowest for C.",
            "There is a difference, too small to act upon. Highest for 26-35.",
            "There is a small difference. Highest for M, lowest for F.",
            "No difference beyond chance was found.",
            "There is a small difference. Customers were dealt to the groups anew 1,999 times.",
            "There is a large connection. Total spend rises. rho = +0.980 [+0.930, +1.000].",
            "Compares ranks, so a few big spenders cannot decide it.",
        ],
    }


def _metrics() -> dict[str, list[Any]]:
    rows = [
        ("purchase", "test_rmse", 2_600.0, 2_550.0, 2_650.0, "<= 2,350"),
        ("purchase", "test_r2", 0.74, 0.73, 0.75, ">= 0.78"),
        ("purchase", "noise_ceiling_r2", 0.81, None, None, ""),
        ("purchase", "noise_floor_rmse", 2_400.0, None, None, ""),
        ("purchase", "stack_validation_rmse", 2_610.0, 2_560.0, 2_660.0, "<= 2,350"),
        ("purchase", "base_validation_rmse", 2_640.0, 2_590.0, 2_690.0, ""),
        ("purchase", "mllib_gbt_validation_rmse", 2_580.0, 2_530.0, 2_630.0, ""),
        ("purchase", "category_mean_validation_rmse", 3_050.0, None, None, ""),
        ("purchase", "basket_ticket_r2", 0.87, 0.86, 0.88, ">= 0.85"),
        ("purchase", "basket_ticket_r2_of_own_mean", 0.35, None, None, ""),
        ("segments", "k", 4.0, None, None, ">= 4"),
        ("segments", "silhouette_euclidean", 0.60, 0.59, 0.61, ">= 0.5"),
        ("segments", "smallest_share", 0.24, None, None, ">= 0.15"),
        ("segments", "bootstrap_ari", 0.97, None, None, ">= 0.9"),
        ("segments", "uniform_line_silhouette_euclidean", 0.57, None, None, ""),
        ("segments", "blob_silhouette_euclidean", 0.53, None, None, ""),
        ("segments", "shuffled_silhouette_euclidean", 0.41, None, None, ""),
        ("recommendations", "blend_ndcg_at_10", 0.11, 0.10, 0.12, ">= 0.10"),
        ("recommendations", "popularity_ndcg_at_10", 0.08, None, None, ""),
        ("recommendations", "blend_ndcg_over_popularity", 1.4, 1.3, 1.5, ">= 1.65"),
        ("hypotheses", "sum_purchase_by_city_category_effect", 0.14, 0.13, 0.16, ""),
        ("hypotheses", "mean_purchase_by_gender_effect", 0.04, 0.03, 0.05, ""),
        ("hypotheses", "mean_purchase_by_age_effect", 0.005, 0.0, 0.01, ""),
        ("hypotheses", "sum_purchase_with_count_purchases_effect", 0.98, 0.97, 0.99, ""),
        ("hypotheses", "demographic_patterns_supported", 2.0, None, None, ">= 1"),
        ("hypotheses", "strongest_supported_eta_squared", 0.14, None, None, ""),
        ("high-value", "roc_auc", 0.83, 0.80, 0.86, ">= 0.84"),
        ("high-value", "city_only_roc_auc", 0.72, None, None, ""),
        ("high-value", "ece", 0.03, None, None, "<= 0.02"),
        ("high-value", "ece_if_calibrated", 0.01, None, None, ""),
    ]
    names = {
        "purchase": "purchase_value",
        "segments": "customer_segments",
        "recommendations": "product_recommendations",
        "high-value": "high_value_customers",
        "hypotheses": "hypotheses",
    }
    columns = zip(*rows, strict=True)
    task, metric, value, low, high, goal = (list(column) for column in columns)
    return {
        "task": task,
        "model_name": [names[one] for one in task],
        "metric": metric,
        "value": value,
        "low": low,
        "high": high,
        "goal": goal,
    }


def _verdicts() -> dict[str, list[Any]]:
    metrics = pl.DataFrame(_metrics())
    rows = []
    for (task,), own in metrics.group_by("task", maintain_order=True):
        found = own.select("metric", "value", "low", "high").iter_rows()
        rows += verdict_rows(task, (Metric(*row) for row in found))
    return pl.DataFrame(rows).to_dict(as_series=False)


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
    _replace(
        settings,
        "marts.purchase_prediction_quality",
        [
            {
                "product_category_1": category,
                "split": "test",
                "count_purchases": 50 * category,
                "root_mean_squared_error": 200.0 * category,
                "interval_coverage_80": 0.7 + category / 100,
                "interval_coverage_95": 0.95,
            }
            for category in range(1, 19)
        ],
    )
    _fill_profiles(settings, customers)
    _fill_test_history(settings)
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
                # Ten offsets of each second partition were accepted as lost, and others never had
                # a record.
                "last_offset": 4_999 + 10 * (partition == 1) + 100 * (topic == "customer-events"),
                "count_landed": 5_000,
                "count_accepted": 4_000 + partition,
                "count_rejected": 600 - partition,
                "count_duplicates": 400,
                "first_landed_at": landed,
                "last_landed_at": landed + timedelta(hours=1),
                "count_lost": 10 if partition == 1 else 0,
                "may_have_gaps": topic == "customer-events",
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


def _fill_profiles(settings: Settings, customers: pl.DataFrame) -> None:
    members = pl.read_delta(settings.table_path("predictions", "customer_segments"))
    profiles = (
        members.select("user_id", "segment_id", "segment_name")
        .join(customers, on="user_id")
        .group_by("segment_id", "segment_name")
        .agg(
            pl.len().alias("count_customers"),
            pl.col("count_purchases").sum(),
            pl.col("sum_purchase").sum(),
        )
        .sort("segment_id")
    )
    _replace(settings, "marts.segment_profiles", profiles.to_dicts())


def _fill_test_history(settings: Settings) -> None:
    """Two builds before the one that made the tables: a test fails, warns, then passes."""
    path = settings.table_path("audit", "test_results")
    built = pl.read_delta(path)
    troubled = built["test_id"].sort()[0]
    past = []
    for days, status in ((2, "fail"), (1, "warn")):
        past.append(
            built.with_columns(
                invocation_id=pl.lit(f"{days} days before"),
                tested_at=pl.col("tested_at") - timedelta(days=days),
                status=pl.when(pl.col("test_id") == troubled)
                .then(pl.lit(status))
                .otherwise(pl.col("status")),
            )
        )
    write_deltalake(path, pl.concat(past).to_arrow(), mode="append")


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
