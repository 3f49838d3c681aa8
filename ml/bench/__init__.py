"""How fast models train, score and are judged: ``python -m lakehouse.bench ml``."""

from ml.bench.run import bench_ml

__all__ = ["bench_ml"]
