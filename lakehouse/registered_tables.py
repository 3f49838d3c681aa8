"""The tables that other processes write by path and dbt reads as sources, there before dbt runs."""

from lakehouse.builds.test_history import ensure_test_results
from lakehouse.data.bronze import ensure_csv_purchases
from lakehouse.erasure.audit import ensure_erasures
from lakehouse.kafka.tables import ensure_losses_table, ensure_records_table
from lakehouse.migrate import refuse_old_layout
from lakehouse.places import check_root
from lakehouse.settings import Settings
from ml.tables import ensure_prediction_tables
from streaming.live_tables import ensure_live_tables

__all__ = ["ensure_registered_tables"]


def ensure_registered_tables(settings: Settings) -> None:
    """Create those that are not there yet, empty, each as its writer would.

    Those of an earlier version get the columns and properties that they lack.

    dbt registers them in the metastore and builds on them, so a lakehouse without a stream or
    without models has the same tables, only without rows.

    Raises:
        SettingsError: a folder cannot be written to.
        TableError: one cannot be created or read, or has a column of another type, or the
            metastore is about another root, or tables of an earlier version stand in its layout.
    """
    check_root(settings)
    refuse_old_layout(settings)
    ensure_csv_purchases(settings.table_path("bronze", "csv_purchases"))
    ensure_records_table(settings)
    ensure_losses_table(settings)
    ensure_live_tables(settings)
    ensure_prediction_tables(settings)
    ensure_test_results(settings)
    ensure_erasures(settings)
