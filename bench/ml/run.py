"""The measurements of models, one after the other, in a lakehouse that is thrown away."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from bench.machine import describe_machine
from bench.ml.fits import compare_kmeans, compare_logistic, compare_regressions, timed
from bench.ml.lists import compare_als
from bench.ml.section import Measured, full_training, section_of
from bench.report import write_section
from lakehouse.errors import ModelError
from lakehouse.settings import PROJECT_DIR, Settings
from ml.registry import load_champion
from ml.results import merge_results, read_results
from ml.tables import SCHEMA
from ml.task import TaskContext
from ml.tasks import find_task
from ml.training import make_context
from ml.usage import write_scores

__all__ = ["bench_ml", "scratch_settings", "train_quick"]


def scratch_settings(settings: Settings, folder: Path) -> Settings:
    """A lakehouse that shares all tables but the predictions, and has no models or figures yet.

    Args:
        settings: of the lakehouse to share.
        folder: empty, for all that is written.

    Raises:
        ModelError: its tables are not on this machine.
    """
    root = Path(settings.lakehouse_root)
    if not root.is_dir():
        raise ModelError(
            f"{settings.lakehouse_root} is no folder of this machine, so nothing can be trained "
            "beside it. Unset LAKEHOUSE_ROOT and run `make build` first"
        )
    (folder / "lakehouse").mkdir()
    for schema in root.iterdir():
        if schema != Path(settings.schema_path(SCHEMA)):
            (folder / "lakehouse" / schema.name).symlink_to(schema)
    (folder / "jars").symlink_to(settings.var_dir / "jars")
    return settings.model_copy(update={"var_dir": folder, "root": "", "mlflow_tracking_uri": ""})


def train_quick(scratch: Settings) -> float:
    """Run `make train QUICK=1` there; returns its seconds.

    Raises:
        ModelError: it fails.
    """
    environment = os.environ | {
        "LAKEHOUSE_VAR_DIR": str(scratch.var_dir),
        "LAKEHOUSE_ROOT": "",
        "LAKEHOUSE_MLFLOW_TRACKING_URI": "",
    }
    command = [sys.executable, "-m", "ml", "train", "all", "--quick"]
    ended, seconds = timed(
        lambda: subprocess.run(
            command, cwd=PROJECT_DIR, env=environment, capture_output=True, text=True, check=False
        )
    )
    if ended.returncode:
        told = [line for line in ended.stderr.splitlines() if line.strip()]
        raise ModelError(
            f"The quick training failed: {told[-1] if told else 'it said nothing'}. "
            "Run `make train QUICK=1` to see all that it says"
        )
    return seconds


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
        purchase.split(purchase.load(context), context).selection, context.spark, context.seed
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
