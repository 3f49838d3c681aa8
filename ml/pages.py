"""MLflow's pages of all runs and models, for this machine only: ``python -m ml.pages``."""

import subprocess
import sys

from rich.console import Console

from lakehouse.settings import settings
from ml.tracking import use_tracking

__all__ = ["serve"]


def serve() -> int:
    """Serve the pages until interrupted; returns the server's exit code."""
    use_tracking(settings())
    Console().print(f"MLflow: http://127.0.0.1:{settings().mlflow_port} (Ctrl+C ends it)")
    command = [sys.executable, "-m", "mlflow", "ui"]
    command += ["--backend-store-uri", settings().tracking_uri]
    # Only this machine: models are pickles, and the pages have no login.
    command += ["--host", "127.0.0.1", "--port", str(settings().mlflow_port)]
    try:
        return subprocess.run(command, check=False).returncode
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    raise SystemExit(serve())
