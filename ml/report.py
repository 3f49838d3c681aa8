"""docs/results.md, docs/hypotheses.md and the model cards: ``python -m ml report``."""

import polars as pl
from rich.console import Console

from lakehouse.errors import ModelError
from lakehouse.settings import PROJECT_DIR, Settings
from lakehouse.tables import TableName, open_table
from ml.goals import find_goal
from ml.hypotheses.report import hypotheses_page
from ml.results import read_results, run_json
from ml.tables import SCHEMA
from ml.task import Metric
from ml.tasks import TASKS, find_task
from ml.tracking import use_tracking
from ml.verdicts import NewestRun, verdicts_table

__all__ = ["metrics_table", "model_card", "results_page", "write_pages"]

_COMMAND = "python -m ml train {task}"


def write_pages(settings: Settings, console: Console) -> None:
    """Write docs/results.md, docs/hypotheses.md and docs/model-cards/ from the newest full runs.

    Raises:
        ModelError: there are no figures yet, or a run's words are gone.
        TableError: nothing was built yet.
    """
    docs = PROJECT_DIR / "docs"
    metrics = _read_metrics(settings)
    pages = {docs / "results.md": results_page(metrics, _words(metrics, settings), settings)}
    for task in metrics["task"].unique(maintain_order=True):
        name = find_task(task).registered_name
        if name is not None:
            card = model_card(task, metrics.filter(pl.col("task") == task), settings)
            pages[docs / "model-cards" / f"{name}.md"] = card
        elif task == "hypotheses":
            pages[docs / "hypotheses.md"] = hypotheses_page(settings)
    for path, text in pages.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        console.print(f"Wrote {path.relative_to(PROJECT_DIR)}")


def metrics_table(metrics: pl.DataFrame) -> str:
    """Metrics as a Markdown table.

    Args:
        metrics: ``task``, ``metric``, ``value``, ``low``, ``high``.
    """
    lines = [
        "| figure | value | 95 % interval | goal on the real data |",
        "|---|---:|---|---|",
    ]
    for row in metrics.iter_rows(named=True):
        interval = ""
        if row["low"] is not None:
            interval = f"{_number(row['low'])} to {_number(row['high'])}"
        goal = find_goal(row["task"], row["metric"]) or ""
        lines.append(f"| {row['metric']} | {_number(row['value'])} | {interval} | {goal} |")
    return "\n".join(lines)


def results_page(
    metrics: pl.DataFrame, words: dict[str, dict[str, list[str]]], settings: Settings
) -> str:
    """The page of all tasks' figures and what they mean."""
    figures = read_results(settings)
    kind = figures.get("data", "synthetic")
    parts = [
        "# Results of the models",
        "",
        "<!-- Written by `python -m ml report`; do not edit. -->",
        f"Measured on **{kind}** data. Each section names the command that made its figures; "
        "`python -m ml train --reproduce RUN_ID` makes them again.",
        "",
        "## The hypotheses and their verdicts",
        "",
        verdicts_table(_newest_runs(metrics)),
        "",
        "Figures in brackets are 95 % intervals, those in parentheses goals on the real data.",
    ]
    for task in metrics["task"].unique(maintain_order=True):
        rows = metrics.filter(pl.col("task") == task)
        parts += [
            "",
            f"## {find_task(task).title}",
            "",
            f"`{_COMMAND.format(task=task)}`, run `{rows['run_id'][0]}`, "
            f"{rows['data_kind'][0]} data.",
            "",
            *(f"- {sentence}" for sentence in words[task]["conclusions"]),
            "",
            metrics_table(rows),
        ]
    return "\n".join(parts) + "\n"


def model_card(task: str, metrics: pl.DataFrame, settings: Settings) -> str:
    """The card of a registered model: what it is for, made from, worth, and not good for."""
    name, run_id = metrics["model_name"][0], metrics["run_id"][0]
    client = use_tracking(settings)
    run = client.get_run(run_id)
    tags = run.data.tags
    versions = {k.partition(".")[2]: v for k, v in tags.items() if k.startswith("delta_version.")}
    words = run_json(run_id, "words.json", settings)
    checks = run_json(run_id, "checks.json", settings)
    lines = [
        f"# Model card: {name}",
        "",
        "<!-- Written by `python -m ml report`; do not edit. -->",
        f"{find_task(task).title}. Version {metrics['model_version'][0]}, run `{run_id}`, is in "
        f"use. {tags['promotion'].capitalize()}: {tags['reason']}.",
        "",
        "## Made from",
        "",
        "| | |",
        "|---|---|",
        f"| data | {tags['data_kind']} |",
        *(f"| {table} | Delta version {version} |" for table, version in sorted(versions.items())),
        f"| dbt invocation | `{tags['dbt_invocation_id']}` |",
        f"| code | `{tags['git_commit']}` |",
        f"| seed | {tags['seed']} |",
        *(f"| {key} | {value} |" for key, value in sorted(run.data.params.items())),
        "",
        "## Worth",
        "",
        metrics_table(metrics),
        "",
        *(f"- {sentence}" for sentence in words["conclusions"]),
        "",
        "## Checked before it was used",
        "",
        *(
            f"- {check['name']}: {'passed' if check['is_passed'] else 'FAILED'}, {check['detail']}"
            for check in checks
        ),
        "",
        "## Limits",
        "",
        *(f"- {sentence}" for sentence in words["limits"]),
    ]
    return "\n".join(lines) + "\n"


def _read_metrics(settings: Settings) -> pl.DataFrame:
    table = open_table(TableName(SCHEMA, "model_metrics"), settings)
    metrics = pl.from_arrow(table.to_pyarrow_table())
    if metrics.is_empty():
        raise ModelError("There are no figures to report yet. Run `make train` first")
    order = pl.DataFrame({"task": list(TASKS), "place": range(len(TASKS))})
    return metrics.join(order, on="task", maintain_order="left").sort("place", maintain_order=True)


def _newest_runs(metrics: pl.DataFrame) -> dict[str, NewestRun]:
    return {
        task: NewestRun(
            rows["run_id"][0],
            {
                name: Metric(name, *interval)
                for name, *interval in rows.select("metric", "value", "low", "high").iter_rows()
            },
        )
        for (task,), rows in metrics.group_by("task", maintain_order=True)
    }


def _words(metrics: pl.DataFrame, settings: Settings) -> dict[str, dict[str, list[str]]]:
    newest = metrics.unique("task", maintain_order=True)
    return {
        task: run_json(run_id, "words.json", settings)
        for task, run_id in newest.select("task", "run_id").iter_rows()
    }


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
