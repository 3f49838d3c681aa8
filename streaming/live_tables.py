"""The live tables: what the streaming job knows within seconds, and the schemas of all of it.

The job is their only writer. Those of ``LIVE_AGGREGATES`` follow from bronze alone: each is small,
is replaced as a whole by every micro-batch that changes it, and counts every event id once.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from lakehouse.data.delta_tables import ensure_table
from lakehouse.settings import Settings

__all__ = [
    "AVERAGE_BY_CITY",
    "CUSTOMER_FREQUENCY",
    "FEATURES",
    "LIVE_AGGREGATES",
    "LIVE_TABLES",
    "PREDICTIONS",
    "PRODUCT_MINUTES",
    "SALES_PER_MINUTE",
    "SALES_SLIDING",
    "SALES_TUMBLING",
    "SHOPPING_SESSIONS",
    "STREAM_METRICS",
    "TOP_PRODUCTS",
    "LiveTable",
    "ensure_live_tables",
    "live_path",
]

_INSTANT = pa.timestamp("us", tz="UTC")

_PROPERTIES = {
    # These tables commit every few seconds, and only their newest version matters.
    "delta.checkpointInterval": "100",
    "delta.logRetentionDuration": "interval 1 days",
    "delta.deletedFileRetentionDuration": "interval 1 hours",
}


@dataclass(frozen=True)
class LiveTable:
    """One table of the schema ``live``.

    Attributes:
        name: its name.
        grain: what a row is; kept in the table's metadata.
        schema: its columns.
    """

    name: str
    grain: str
    schema: pa.Schema


_SALES: Mapping[str, pa.DataType] = {
    # Number of purchases, and their amounts in the currency unit of the data set.
    "count_purchases": pa.int64(),
    "total_purchase": pa.int64(),
    "average_purchase": pa.float64(),
}
_WINDOW: Mapping[str, pa.DataType] = {
    # Event time (UTC): the start belongs to the window, the end does not.
    "window_start_at": _INSTANT,
    "window_end_at": _INSTANT,
}
# Start of the processing of the micro-batch that last changed the row (UTC).
_UPDATED: Mapping[str, pa.DataType] = {"updated_at": _INSTANT}


def _schema(*parts: Mapping[str, pa.DataType]) -> pa.Schema:
    return pa.schema([field for part in parts for field in part.items()])


SALES_PER_MINUTE = LiveTable(
    "sales_per_minute",
    "One minute of event time with purchases. Key: window_start_at",
    _schema(_WINDOW, _SALES, _UPDATED),
)
SALES_TUMBLING = LiveTable(
    "sales_tumbling_5_minutes",
    "One tumbling window of 5 minutes with purchases. Key: window_start_at",
    _schema(_WINDOW, _SALES, _UPDATED),
)
SALES_SLIDING = LiveTable(
    "sales_sliding_10_minutes",
    "One window of 10 minutes with purchases, a new one every 2 minutes. Key: window_start_at",
    _schema(_WINDOW, _SALES, _UPDATED),
)
AVERAGE_BY_CITY = LiveTable(
    "average_purchase_by_city",
    "One city category, over all that streamed in. Key: city_category",
    _schema(
        {"city_category": pa.string()},
        _SALES,
        {"first_purchase_at": _INSTANT, "last_purchase_at": _INSTANT},
        _UPDATED,
    ),
)
PRODUCT_MINUTES = LiveTable(
    "product_sales_per_minute",
    "One product in one of the newest 10 minutes of event time, or in one that is ahead of Kafka's "
    "clock; what top_products is made of. Key: window_start_at, product_id",
    _schema(_WINDOW, {"product_id": pa.string()}, _SALES, _UPDATED),
)
TOP_PRODUCTS = LiveTable(
    "top_products",
    "One of the 10 products with the highest sales in the newest 10 minutes of event time, whole "
    "minutes with the running one, up to Kafka's clock. Key: rank",
    _schema({"rank": pa.int32(), "product_id": pa.string()}, _WINDOW, _SALES, _UPDATED),
)
CUSTOMER_FREQUENCY = LiveTable(
    "customer_frequency",
    "One customer and how often purchases come; mean_seconds_between_purchases is null after one "
    "purchase. Key: user_id",
    _schema(
        {"user_id": pa.int32()},
        _SALES,
        {
            "first_purchase_at": _INSTANT,
            "last_purchase_at": _INSTANT,
            "mean_seconds_between_purchases": pa.float64(),
        },
        _UPDATED,
    ),
)
SHOPPING_SESSIONS = LiveTable(
    "shopping_sessions",
    "One session of one customer: purchases with less than 30 minutes from one to the next. "
    "It is closed once the watermark has passed the 30 minutes after its last purchase, and "
    "cannot change any more. Key: user_id, session_start_at",
    _schema(
        {
            "user_id": pa.int32(),
            # Event times of its first and last purchase (UTC).
            "session_start_at": _INSTANT,
            "session_end_at": _INSTANT,
        },
        _SALES,
        {"is_closed": pa.bool_()},
        _UPDATED,
    ),
)

LIVE_AGGREGATES = (
    SALES_PER_MINUTE,
    SALES_TUMBLING,
    SALES_SLIDING,
    AVERAGE_BY_CITY,
    PRODUCT_MINUTES,
    TOP_PRODUCTS,
    CUSTOMER_FREQUENCY,
    SHOPPING_SESSIONS,
)

FEATURES = pa.struct(
    [
        ("gender", pa.string()),
        ("age", pa.string()),
        ("occupation", pa.int32()),
        ("city_category", pa.string()),
        ("stay_in_current_city_years", pa.string()),
        ("marital_status", pa.int32()),
        ("product_category_1", pa.int32()),
        ("product_category_2", pa.int32()),
        ("product_category_3", pa.int32()),
    ]
)
"""What a model is given of a purchase, beside event_id, user_id and product_id."""

PREDICTIONS = LiveTable(
    "purchase_predictions",
    "One valid purchase message and the amount that the model expected of it. "
    "Key: topic, kafka_partition, kafka_offset; a duplicated message has a row of its own with "
    "the same event_id",
    pa.schema(
        [
            ("event_id", pa.string()),
            ("topic", pa.string()),
            ("kafka_partition", pa.int32()),
            ("kafka_offset", pa.int64()),
            ("user_id", pa.int32()),
            ("product_id", pa.string()),
            ("model_name", pa.string()),
            ("model_version", pa.int32()),
            ("features", FEATURES),
            # In the currency unit of the data set; the actual amount was part of the message and
            # was not shown to the model.
            ("predicted_purchase", pa.float64()),
            ("actual_purchase", pa.int32()),
            ("event_at", _INSTANT),
            ("scored_at", _INSTANT),
        ]
    ),
)

STREAM_METRICS = LiveTable(
    "stream_metrics",
    "One micro-batch with input, of one query. Key: query_name, batch_id, measured_at. "
    "lag_offsets: records in Kafka that the batch did not reach, null for a query that reads "
    "bronze. lag_seconds: how old the newest result was when it became readable: the batch's "
    "time, and that of working off the lag at the batch's rate. late_rows: dropped as behind the "
    "watermark. rejected_share: of the batch's records, null for a query that reads bronze",
    pa.schema(
        [
            ("measured_at", _INSTANT),
            ("query_name", pa.string()),
            ("batch_id", pa.int64()),
            ("input_rows", pa.int64()),
            ("input_rows_per_second", pa.float64()),
            ("processed_rows_per_second", pa.float64()),
            ("lag_offsets", pa.int64()),
            ("lag_seconds", pa.float64()),
            ("batch_seconds", pa.float64()),
            ("state_rows", pa.int64()),
            ("state_bytes", pa.int64()),
            ("late_rows", pa.int64()),
            ("rejected_share", pa.float64()),
        ]
    ),
)

LIVE_TABLES = (*LIVE_AGGREGATES, PREDICTIONS, STREAM_METRICS)
"""All tables of the schema ``live``."""


def live_path(table: LiveTable, settings: Settings) -> str:
    """Where a live table stands."""
    return settings.table_path("live", table.name)


def ensure_live_tables(settings: Settings) -> None:
    """Create the live tables that are not there yet, empty.

    Raises:
        TableError: one cannot be created or read, or has a column of another type.
    """
    for table in LIVE_TABLES:
        ensure_table(
            live_path(table, settings),
            table.schema,
            name=table.name,
            description=table.grain,
            properties=_PROPERTIES,
        )
