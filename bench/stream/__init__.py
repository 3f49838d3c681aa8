"""The benchmark of the stream: ``make bench``, section "stream"."""

from streaming.bench.section import bench_stream

__all__ = ["bench_stream"]
