"""``python -m ml``: train, use and report the models."""

from lakehouse.console import run_app
from ml.command import app

__all__: list[str] = []

run_app(app)
