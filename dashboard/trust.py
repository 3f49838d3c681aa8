"""What became of rows that were refused, and what tests answered, as tables of a page."""

from datetime import datetime

import polars as pl

__all__ = ["examples_by_reason", "rejections_by_reason", "runs_of_tests", "troubled_tests"]

# Builds in the field of answers; more cannot be told apart.
_BUILDS = 20


def rejections_by_reason(rejected: pl.DataFrame) -> pl.DataFrame:
    """One row per reason with its number of records; a record may have several reasons."""
    return (
        rejected.explode("rejection_reasons")
        .rename({"rejection_reasons": "rejection_reason"})
        .group_by("rejection_reason")
        .agg(pl.len().alias("count_records"))
        .sort(["count_records", "rejection_reason"], descending=[True, False])
    )


def examples_by_reason(rejected: pl.DataFrame, each: int = 3) -> pl.DataFrame:
    """A few raw lines of each reason."""
    return (
        rejected.explode("rejection_reasons")
        .rename({"rejection_reasons": "rejection_reason"})
        .sort("rejection_reason", "record_id")
        .group_by("rejection_reason", maintain_order=True)
        .head(each)
        .select("rejection_reason", "raw_line", pl.col("^(source_file|topic)$"), "landed_at")
    )


def runs_of_tests(results: pl.DataFrame) -> pl.DataFrame:
    """One row per run of dbt that asked tests, the newest first: how many passed and how many not.

    Tests whose tables did not change since they passed are not asked again.
    """
    return (
        results.group_by("invocation_id")
        .agg(
            pl.col("tested_at").max(),
            pl.len().alias("count_tests"),
            (pl.col("status") == "pass").sum().alias("count_passed"),
            (pl.col("status") != "pass").sum().alias("count_failed_or_warned"),
        )
        .sort("tested_at", descending=True)
    )


def troubled_tests(
    results: pl.DataFrame,
) -> tuple[list[datetime], dict[str, list[str | None]], int]:
    """What each test that did not always pass answered in the newest builds.

    Args:
        results: rows of ``audit.test_results``.

    Returns:
        When the builds asked their tests, the oldest first; test -> its answer in each of them,
        None where it was not asked, the newest troubles first; and how many tests always passed.
    """
    builds = results["tested_at"].unique().sort().tail(_BUILDS).to_list()
    recent = results.filter(pl.col("tested_at").is_in(builds))
    by_test = {
        name: dict(part.select("tested_at", "status").iter_rows())
        for (name,), part in recent.group_by("test_name")
    }
    troubled = {
        name: [answers.get(at) for at in builds]
        for name, answers in by_test.items()
        if set(answers.values()) != {"pass"}
    }

    def newest_trouble(name: str) -> tuple[int, str]:
        answers = troubled[name]
        places = [place for place, one in enumerate(answers) if one not in ("pass", None)]
        return (-max(places), name)

    ordered = {name: troubled[name] for name in sorted(troubled, key=newest_trouble)}
    return builds, ordered, len(by_test) - len(troubled)
