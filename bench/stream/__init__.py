"""The benchmark of the stream: ``make bench``, section "stream"."""

from bench.stream.section import bench_stream

__all__ = ["bench_stream"]
