"""``python -m bench``: measure the build, the stream and the models."""

from bench.cli import main

main()
