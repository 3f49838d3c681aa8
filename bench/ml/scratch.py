"""A whole training with the smaller budget, in a lakehouse of its own that is thrown away."""

import os
import subprocess
import sys
from pathlib import Path

from bench.ml.comparison import timed
from lakehouse.errors import ModelError
from lakehouse.settings import PROJECT_DIR, Settings
from ml.tables import SCHEMA

__all__ = ["scratch_settings", "train_quick"]


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
    command = [sys.executable, "-m", "ml.train", "all", "--quick"]
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
