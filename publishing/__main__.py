"""``python -m publishing``: write what people read about the lakehouse."""

from lakehouse.console import run_app
from publishing.cli import app

if __name__ == "__main__":
    run_app(app)
