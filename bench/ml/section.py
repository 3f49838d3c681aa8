"""The section of docs/benchmarks.md on models."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.ml.fits import Comparison
from ml.tasks import TASKS

__all__ = ["Measured", "full_training", "section_of"]

# Goals of the project: minutes of the trainings, and the heap that they run in.
_QUICK_SECONDS, _FULL_SECONDS, _HEAP_MB = 300, 1800, 4096


@dataclass(frozen=True)
class Measured:
    """All that a run of the benchmark measured.

    Attributes:
        data_kind: 'real' or 'synthetic'.
        comparisons: of fits.
        lists: words on the lists that were judged.
        lists_seconds: for judging them.
        scored_rows: purchases that the model in use scored, and wrote as a table.
        scoring_seconds: for both.
        quick_seconds: of a whole training with the smaller budget.
        full: seconds and heap of the newest whole training with the full one; None if there is
            none.
        heap_mb: peak of Spark's heap while all this ran.
    """

    data_kind: str
    comparisons: Sequence[Comparison]
    lists: str
    lists_seconds: float
    scored_rows: int
    scoring_seconds: float
    quick_seconds: float
    full: tuple[float, int | None] | None
    heap_mb: int

    def results(self) -> dict[str, float | int | str]:
        """Flat figures for ``var/results/ml.json``."""
        ratios = {f"bench_{one.name}_ratio": round(one.ratio, 2) for one in self.comparisons}
        return ratios | {
            "bench_lists_seconds": round(self.lists_seconds, 2),
            "bench_scoring_rows_per_second": round(self.scored_rows / self.scoring_seconds),
            "bench_quick_training_seconds": round(self.quick_seconds, 1),
            "bench_peak_heap_mb": self.heap_mb,
        }


def full_training(figures: Mapping[str, object]) -> tuple[float, int | None] | None:
    """Seconds and peak heap of the newest runs of all tasks; None unless all had the full budget.

    Args:
        figures: of ``var/results/ml.json``.
    """
    if any(figures.get(f"{task}_is_quick") is not False for task in TASKS):
        return None
    heaps = [figures[name] for task in TASKS if (name := f"{task}_peak_heap_mb") in figures]
    return sum(figures[f"{task}_training_seconds"] for task in TASKS), max(heaps, default=None)


def section_of(measured: Measured) -> str:
    """The section in Markdown."""
    full, full_heap = measured.full or (None, None)
    rate = measured.scored_rows / measured.scoring_seconds
    return "\n".join(
        [
            "## Models",
            "",
            f"`make bench ONLY=ml`, **{measured.data_kind}** data. Both sides of a fit learn from "
            "the same rows with the same budget in one process; quality is measured on rows that "
            "neither has seen (the sum of squares on all). Spark's seconds contain what every job "
            "of it costs, however few its rows are.",
            "",
            "| fit | rows | Spark, s | beside | s | ratio | quality | Spark | beside |",
            "|---|---:|---:|---|---:|---:|---|---:|---:|",
            *(
                f"| {one.words} | {one.rows:,} | {_seconds(one.seconds)} | {one.other} "
                f"| {_seconds(one.other_seconds)} | {one.ratio:.1f} | {one.measure} "
                f"| {_digits(one.quality)} | {_digits(one.other_quality)} |"
                for one in measured.comparisons
            ),
            "",
            "| what | measured | goal |",
            "|---|---:|---|",
            f"| {measured.lists}, judged | {measured.lists_seconds:.1f} s | seconds |",
            f"| {measured.scored_rows:,} purchases scored and written | {rate:,.0f} a second | |",
            f"| `make train QUICK=1` | {measured.quick_seconds:.0f} s | under {_QUICK_SECONDS} s |",
            f"| `make train`, the newest runs of all tasks | "
            f"{'not run' if full is None else f'{full:,.0f} s'} | under {_FULL_SECONDS:,} s |",
            f"| peak heap of Spark in these runs | "
            f"{'not measured' if full_heap is None else f'{full_heap:,} MiB'} | "
            f"at most {_HEAP_MB:,} MiB |",
            f"| peak heap of Spark in this benchmark | {measured.heap_mb:,} MiB "
            f"| at most {_HEAP_MB:,} MiB |",
        ]
    )


def _seconds(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:#.3g}"


def _digits(value: float) -> str:
    return f"{value:,.1f}" if abs(value) >= 10 else f"{value:.4f}"
