"""``python -m lakehouse.bench``: measure the build, the stream and the models."""

from lakehouse.bench.cli import main

main()
