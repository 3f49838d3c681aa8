"""The measurements of models, one after the other."""

import tempfile
from pathlib import Path

from rich.console import Console

from bench.machine import describe_machine
from bench.ml.comparison import timed
from bench.ml.fits import compare_kmeans, compare_logistic, compare_regressions
from bench.ml.lists import compare_als
from bench.ml.scratch import scratch_settings, train_quick
from bench.ml.section import Measured, full_training, section_of
from bench.report import write_section
from lakehouse.settings import Settings
from ml.registry import load_champion
from ml.results import merge_results, read_results
from ml.task import TaskContext
from ml.tasks import find_task
from ml.training import make_context, write_scores

__all__ = ["bench_ml"]


def bench_ml(settings: Settings, console: Console) -> None:
    """Measure, add to ``var/results/ml.json`` and write the section of ``docs/benchmarks.md``.

    What the models in use are, and what they predicted, stays as it is.

    Raises:
        LakehouseError: nothing was built yet, or a training fails.
    """
    scratch_root = settings.var_dir / "tmp"
    scratch_root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=scratch_root) as folder:
        measured = _measure(settings, scratch_settings(settings, Path(folder)), console)
    merge_results({"data": measured.data_kind} | measured.results(), settings)
    write_section("ml", f"{section_of(measured)}\n\nMachine: {describe_machine()}.")
    console.print("Benchmark: written to docs/benchmarks.md")


def _measure(settings: Settings, scratch: Settings, console: Console) -> Measured:
    context = make_context(scratch, console, is_quick=True)
    console.print("Benchmark: a whole training with the smaller budget, set apart (minutes)")
    quick_seconds = train_quick(scratch)
    scored_rows, scoring_seconds = _score_purchases(context)
    console.print("Benchmark: lists of products in Spark and in implicit")
    task = find_task("recommendations")
    lists = task.split(task.load(context), context)
    als, lists_seconds = compare_als(lists, context.spark, context.seed)
    console.print("Benchmark: groups and classes of customers in Spark and in scikit-learn")
    kmeans = compare_kmeans(find_task("segments").load(context), context.spark, context.seed)
    high_value = find_task("high-value").load(context)
    logistic = compare_logistic(high_value, context.spark, context.seed)
    console.print("Benchmark: regressions in Spark, scikit-learn and XGBoost")
    purchase = find_task("purchase")
    regressions = compare_regressions(
        purchase.split(purchase.load(context), context), context.spark, context.seed
    )
    customers, products = lists.train.ratings.shape
    return Measured(
        data_kind=context.data_kind,
        comparisons=[*regressions, als, kmeans, logistic],
        lists=f"the first 10 of {products:,} products for each of {customers:,} customers",
        lists_seconds=lists_seconds,
        scored_rows=scored_rows,
        scoring_seconds=scoring_seconds,
        quick_seconds=quick_seconds,
        full=full_training(read_results(settings)),
        heap_mb=context.peak_heap()["peak_heap_mb"],
    )


def _score_purchases(context: TaskContext) -> tuple[int, float]:
    task = find_task("purchase")
    champion = load_champion(task.registered_name, context.settings)
    data = task.load(context)

    def score() -> None:
        scores = task.score(champion, data, context)
        write_scores(scores, champion.provenance(context.data_kind), context)

    _, seconds = timed(score)
    return len(data), seconds
