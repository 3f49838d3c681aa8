"""What a message of each topic holds: fields, types, allowed values.

The variable ``messages`` of ``dbt_project.yml`` is the one place that says so: the simulator writes
by it, the streaming job judges by it, and dbt holds what landed against it. It stands there because
dbt reads nothing else, and because the values are those by which files are judged.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from lakehouse.shop import variable

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
    "all_fields",
]

_CONTRACT = variable("messages")

SCHEMA_VERSION: int = _CONTRACT["schema_version"]
"""Version that the producer writes. A reader takes any later one: versions only add fields."""

EARLIEST_EVENT_AT = datetime.fromisoformat(_CONTRACT["earliest_event_at"])
"""The data set is of 2018; an event that claims to be older has a broken clock."""

LATEST_AHEAD = timedelta(seconds=_CONTRACT["latest_ahead_seconds"])
"""How far an event's clock may be ahead of Kafka's. Kafka's own time is the measure, and not that
of the reader, so that a replayed message gets the same verdict."""

MAX_VALUE_BYTES: int = _CONTRACT["max_value_bytes"]
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
        partitions: that it is made with.
        description: what a message is.
        fields: in the order of the contract.
        may_have_gaps: whether offsets without a record are normal there; only dbt's audits ask.
    """

    topic: str
    partitions: int
    description: str
    fields: tuple[Field, ...]
    may_have_gaps: bool = False

    @property
    def event_types(self) -> tuple[str, ...]:
        """Values of ``event_type`` that the topic knows."""
        return next(field.allowed for field in self.fields if field.name == "event_type")


def all_fields() -> dict[str, str]:
    """The type of each field of any topic, by name, in the order of the contract.

    A name has one type in all topics, as they share the columns of one table; a test holds that.
    """
    return {field.name: field.type for kind in MESSAGE_TYPES.values() for field in kind.fields}


def _field(name: str, given: dict[str, Any]) -> Field:
    given = dict(given)
    codes = given.pop("codes", None)
    allowed = range(codes["first"], codes["last"] + 1) if codes else given.pop("allowed", None)
    return Field(name, allowed=allowed and tuple(allowed), **given)


def _message_type(topic: str, given: dict[str, Any]) -> MessageType:
    fields = tuple(_field(name, field) for name, field in given["fields"].items())
    return MessageType(topic, **given | {"fields": fields})


MESSAGE_TYPES = {topic: _message_type(topic, given) for topic, given in _CONTRACT["topics"].items()}
"""All message types, by topic."""

PURCHASES = MESSAGE_TYPES["black-friday-purchases"]
CUSTOMER_EVENTS = MESSAGE_TYPES["customer-events"]
PRODUCT_VIEWS = MESSAGE_TYPES["product-views"]
