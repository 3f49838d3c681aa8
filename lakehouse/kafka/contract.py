"""What a message of each topic holds: fields, types, allowed values. The one place that says so.

The producer writes by it and bronze validates by it. Values and bounds are those of the batch side
(``vars`` of ``dbt_project.yml``); a test holds the two against each other.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

__all__ = [
    "CUSTOMER_EVENTS",
    "EARLIEST_EVENT_AT",
    "LATEST_AHEAD",
    "MAX_VALUE_BYTES",
    "MESSAGE_TYPES",
    "PRODUCT_VIEWS",
    "PURCHASES",
    "SCHEMA_VERSION",
    "Field",
    "MessageType",
]

SCHEMA_VERSION = 1
"""Version that the producer writes. A reader takes any later one: versions only add fields."""

EARLIEST_EVENT_AT = datetime(2018, 1, 1, tzinfo=UTC)
"""The data set is of 2018; an event that claims to be older has a broken clock."""

LATEST_AHEAD = timedelta(hours=1)
"""How far an event's clock may be ahead of Kafka's. Kafka's own time is the measure, and not that
of the reader, so that a replayed message gets the same verdict."""

MAX_VALUE_BYTES = 65_536
"""A purchase takes about 450 bytes; a value over a hundred times longer is not parsed at all."""


@dataclass(frozen=True)
class Field:
    """One field of a message.

    Attributes:
        name: its name in the JSON.
        type: 'int' (32 bits), 'string', or 'timestamp' (ISO 8601 text with a zone).
        is_required: whether it must be there and not be null.
        allowed: the only values there are; others are rejected as unknown.
        minimum: lowest value of an amount, inclusive; only 1 is in use.
        maximum: highest value of an amount, inclusive.
        pattern: regular expression that a whole text must match.
    """

    name: str
    type: Literal["int", "string", "timestamp"]
    is_required: bool = True
    allowed: tuple[int, ...] | tuple[str, ...] | None = None
    minimum: int | None = None
    maximum: int | None = None
    pattern: str | None = None

    @property
    def column(self) -> str:
        """Its column in bronze."""
        return "event_at" if self.type == "timestamp" else self.name


@dataclass(frozen=True)
class MessageType:
    """The messages of one topic.

    Attributes:
        topic: name of the Kafka topic.
        partitions: of the topic.
        table: bronze table that they land in.
        description: what a message is.
        fields: in the order of the table's columns.
    """

    topic: str
    partitions: int
    table: str
    description: str
    fields: tuple[Field, ...]

    @property
    def event_types(self) -> tuple[str, ...]:
        """Values of ``event_type`` that the topic knows."""
        return next(field.allowed for field in self.fields if field.name == "event_type")


def _head(*event_types: str) -> tuple[Field, ...]:
    return (
        Field("event_id", "string", pattern="[0-9a-f]{32}"),
        Field("event_type", "string", allowed=event_types),
        Field("schema_version", "int", minimum=1),
        Field("timestamp", "timestamp"),
        Field("user_id", "int", minimum=1),
    )


_PRODUCT = Field("product_id", "string", pattern="P[0-9]{1,15}")
_ANY_PRODUCT = Field("product_id", "string", is_required=False, pattern="P[0-9]{1,15}")
_SESSION = Field("session_id", "string", pattern="[0-9a-zA-Z-]{1,64}")
_CATEGORIES = tuple(range(1, 21))

PURCHASES = MessageType(
    topic="black-friday-purchases",
    partitions=3,
    table="kafka_purchases",
    description="One purchase of one product by one customer",
    fields=(
        *_head("purchase"),
        _PRODUCT,
        Field("gender", "string", allowed=("F", "M")),
        Field(
            "age", "string", allowed=("0-17", "18-25", "26-35", "36-45", "46-50", "51-55", "55+")
        ),
        Field("occupation", "int", allowed=tuple(range(21))),
        Field("city_category", "string", allowed=("A", "B", "C")),
        Field("stay_in_current_city_years", "string", allowed=("0", "1", "2", "3", "4+")),
        Field("marital_status", "int", allowed=(0, 1)),
        Field("product_category_1", "int", allowed=_CATEGORIES),
        Field("product_category_2", "int", is_required=False, allowed=_CATEGORIES),
        Field("product_category_3", "int", is_required=False, allowed=_CATEGORIES),
        Field("purchase", "int", minimum=1, maximum=100_000),
    ),
)

CUSTOMER_EVENTS = MessageType(
    topic="customer-events",
    partitions=2,
    table="kafka_customer_events",
    description="One step of a simulated customer: login, search, cart or checkout",
    fields=(
        *_head("login", "search", "cart", "checkout"),
        _SESSION,
        _ANY_PRODUCT,
        Field("product_category_1", "int", is_required=False, allowed=_CATEGORIES),
    ),
)

PRODUCT_VIEWS = MessageType(
    topic="product-views",
    partitions=2,
    table="kafka_product_views",
    description="One simulated look of a customer at a product",
    fields=(
        *_head("product_view"),
        _SESSION,
        _PRODUCT,
        Field("product_category_1", "int", allowed=_CATEGORIES),
        Field("view_seconds", "int", minimum=1, maximum=3_600),
    ),
)

MESSAGE_TYPES = {kind.topic: kind for kind in (PURCHASES, CUSTOMER_EVENTS, PRODUCT_VIEWS)}
"""All message types, by topic."""
