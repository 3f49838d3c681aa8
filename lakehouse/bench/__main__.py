"""``python -m lakehouse.bench``: measure the build."""

from rich.console import Console

from lakehouse.bench.build import bench_build
from lakehouse.errors import LakehouseError
from lakehouse.settings import settings

try:
    bench_build(settings(), Console())
except LakehouseError as error:
    raise SystemExit(f"Error: {error}") from None
