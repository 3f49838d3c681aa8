"""How fast models train and score, beside the same algorithms elsewhere: `lakehouse.bench ml`."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xgboost
from pyspark.ml.feature import VectorAssembler
from pyspark.ml.regression import GBTRegressor, LinearRegression, RandomForestRegressor
from pyspark.sql import DataFrame, SparkSession
from rich.console import Console
from sklearn.ensemble import RandomForestRegressor as SklearnForest
from sklearn.linear_model import Ridge

from lakehouse.bench.machine import describe_machine
from lakehouse.bench.report import write_section
from lakehouse.settings import Settings
from ml.purchase.baselines import mart_features
from ml.purchase.champion import QUICK, describe_split, fit_champion
from ml.purchase.data import PurchaseSplit, read_purchases, split_purchases
from ml.purchase.task import to_events
from ml.results import merge_results
from ml.training import make_context

__all__ = ["Comparison", "bench_ml", "section_of"]

# The same work for both sides; enough to measure, little enough for a benchmark.
_FOREST_TREES, _FOREST_DEPTH = 10, 6
_BOOSTING_ROUNDS, _BOOSTING_DEPTH = 10, 5


@dataclass(frozen=True)
class Comparison:
    """One fit beside the same algorithm in another library, on the same rows and budget.

    Attributes:
        name: of the algorithm.
        seconds: Spark's.
        other: name of the other library.
        other_seconds: the other library's.
    """

    name: str
    seconds: float
    other: str
    other_seconds: float

    @property
    def ratio(self) -> float:
        """Spark's time over the other's."""
        return self.seconds / self.other_seconds


def bench_ml(settings: Settings, console: Console) -> None:
    """Measure, add to ``var/results/ml.json`` and write the section of ``docs/benchmarks.md``.

    Raises:
        LakehouseError: nothing was built yet.
    """
    context = make_context(settings, console, is_quick=True)
    split = split_purchases(read_purchases(context.inputs))
    console.print(f"Benchmark: fits on {len(split.train):,} rows in Spark and elsewhere")
    comparisons = _compare_fits(split, context.spark, context.seed)
    console.print("Benchmark: scoring purchases")
    rate = _rows_per_second(split, context.seed)
    heap = _peak_heap_mb(context.spark)
    merge_results(
        {
            "data": context.data_kind,
            "bench_scoring_rows_per_second": round(rate),
            "bench_peak_heap_mb": heap,
        }
        | {f"bench_{one.name}_ratio": round(one.ratio, 2) for one in comparisons},
        settings,
    )
    section = section_of(comparisons, rate, heap, len(split.train), context.data_kind)
    write_section("ml", f"{section}\n\nMachine: {describe_machine()}.")
    console.print("Benchmark: written to docs/benchmarks.md")


def section_of(
    comparisons: list[Comparison], rate: float, heap: int, rows: int, data_kind: str
) -> str:
    """The section of the document.

    Args:
        comparisons: of fits.
        rate: purchases that the purchase model scores a second.
        heap: peak heap of Spark in MiB.
        rows: training rows.
        data_kind: 'real' or 'synthetic'.
    """
    return "\n".join(
        [
            "## Models",
            "",
            f"Written by `python -m lakehouse.bench ml` on the **{data_kind}** data, {rows:,} "
            "training rows with the encodings that dbt built.",
            "",
            "| fit | Spark, s | beside | s | ratio |",
            "|---|---:|---|---:|---:|",
            *(
                f"| {one.name} | {one.seconds:.1f} | {one.other} | {one.other_seconds:.1f} "
                f"| {one.ratio:.1f} |"
                for one in comparisons
            ),
            "",
            f"The purchase model scores {rate:,.0f} purchases a second in one process. The heap of "
            f"Spark peaked at {heap:,} MiB (goal: at most 4,096).",
        ]
    )


def _seconds(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _compare_fits(split: PurchaseSplit, spark: SparkSession, seed: int) -> list[Comparison]:
    features, target = mart_features(split.train), split.train_purchase
    rows = _vectors(spark, features, target)
    number = seed % 2**31
    trees = {
        "max_depth": _BOOSTING_DEPTH,
        "learning_rate": 0.1,
        "objective": "reg:squarederror",
        "seed": number,
    }
    forest = SklearnForest(
        _FOREST_TREES, max_depth=_FOREST_DEPTH, n_jobs=-1, random_state=number, max_features=1 / 3
    )
    pairs = {
        "linear": (LinearRegression(labelCol="target"), "scikit-learn", Ridge()),
        "forest": (
            RandomForestRegressor(
                labelCol="target", numTrees=_FOREST_TREES, maxDepth=_FOREST_DEPTH, seed=seed
            ),
            "scikit-learn",
            forest,
        ),
        "gbt": (
            GBTRegressor(
                labelCol="target", maxIter=_BOOSTING_ROUNDS, maxDepth=_BOOSTING_DEPTH, seed=seed
            ),
            "XGBoost",
            None,
        ),
    }
    found = []
    for name, (ours, library, theirs) in pairs.items():
        seconds = _seconds(lambda ours=ours: ours.fit(rows))
        if theirs is None:
            other = _seconds(
                lambda: xgboost.train(
                    trees, xgboost.QuantileDMatrix(features, target), _BOOSTING_ROUNDS
                )
            )
        else:
            other = _seconds(lambda theirs=theirs: theirs.fit(features, target))
        found.append(Comparison(name, seconds, library, other))
    rows.unpersist()
    return found


def _vectors(spark: SparkSession, features: np.ndarray, target: np.ndarray) -> DataFrame:
    names = [f"f{number}" for number in range(features.shape[1])]
    frame = pd.DataFrame(features, columns=names).assign(target=target)
    assembler = VectorAssembler(inputCols=names, outputCol="features")
    rows = assembler.transform(spark.createDataFrame(frame)).select("features", "target")
    rows = rows.repartition(spark.sparkContext.defaultParallelism).cache()
    # The rows are there before the clock starts, as they are for the others.
    rows.count()
    return rows


def _rows_per_second(split: PurchaseSplit, seed: int) -> float:
    model, _ = fit_champion(split, describe_split(split, QUICK, seed), QUICK, seed)
    events = to_events(split.test)
    return len(events) / _seconds(lambda: model.predict(None, events))


def _peak_heap_mb(spark: SparkSession) -> int:
    pools = spark._jvm.java.lang.management.ManagementFactory.getMemoryPoolMXBeans()
    peaks = [
        pool.getPeakUsage().getUsed() for pool in pools if str(pool.getType()) == "Heap memory"
    ]
    return sum(peaks) // 2**20
