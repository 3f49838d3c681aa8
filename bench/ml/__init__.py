"""How fast models train, score and are judged: ``python -m bench ml``."""

from bench.ml.run import bench_ml

__all__ = ["bench_ml"]
