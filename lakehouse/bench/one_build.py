"""One production build, for the benchmark to measure: a process of its own, as `make build` is."""

from rich.console import Console

from lakehouse.build import build_tables
from lakehouse.settings import settings

__all__ = ["main"]


def main() -> None:
    """Build; dbt's log is JSON, so that its statements can be counted."""
    build_tables(settings(), Console(), log_format="json")


if __name__ == "__main__":
    main()
