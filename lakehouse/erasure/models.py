"""What MLflow keeps of a customer who was erased: models that learned from them, and samples."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

from lakehouse.mlflow_runs import artifacts_folder
from lakehouse.settings import Settings

__all__ = ["kept_by_mlflow"]

_SAMPLES = ("*input_example*.json", "*.csv", "*.jsonl")


def kept_by_mlflow(number: int, settings: Settings) -> list[str]:
    """Lines for people: which models and samples there are, and what can be done.

    Args:
        number: of the customer.
        settings: the project's settings.
    """
    if settings.mlflow_tracking_uri:
        return [
            "MLflow: the models are on another tracking server, which is not searched. Train anew "
            "(`make train`) and delete the versions before there"
        ]
    versions = _versions(settings)
    samples = list(_samples(number, artifacts_folder(settings)))
    if not versions and not samples:
        return ["MLflow: holds no model."]
    named = ", ".join(f"{name} {', '.join(map(str, found))}" for name, found in versions.items())
    lines = [
        f"MLflow: versions that may have learned from them: {named or 'none'}. Train anew "
        "(`make train`), delete these and their runs on MLflow's pages (`make mlflow`), then free "
        f"their files: `.venv/bin/mlflow gc --backend-store-uri {settings.tracking_uri}`"
    ]
    if samples:
        shown = ", ".join(str(path) for path in samples[:3])
        lines.append(
            f"MLflow: {len(samples)} files of samples name the number, among them {shown}. "
            "They go with their run"
        )
    return lines


def _versions(settings: Settings) -> dict[str, list[int]]:
    store = settings.var_dir / "mlflow" / "mlflow.db"
    if not store.exists():
        return {}
    try:
        with closing(sqlite3.connect(store)) as opened:
            rows = opened.execute(
                "select name, version from model_versions "
                "where current_stage <> 'Deleted_Internal' order by name, version"
            ).fetchall()
    except sqlite3.OperationalError:
        # MLflow has not made its tables yet.
        return {}
    found: dict[str, list[int]] = {}
    for name, version in rows:
        found.setdefault(name, []).append(version)
    return found


def _samples(number: int, folder: Path) -> list[Path]:
    pattern = re.compile(rf"(?<![0-9]){number}(?![0-9])")
    paths = sorted({path for glob in _SAMPLES for path in folder.rglob(glob)})
    return [path for path in paths if pattern.search(path.read_text(errors="replace"))]
