"""The dashboard: pages on the tables of the lakehouse, read by path and without a JVM."""

from dashboard.app import create_app

__all__ = ["create_app"]
