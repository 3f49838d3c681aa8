"""What a message of each topic holds: fields, types, allowed values, from ``contract.json``.

That file is the one place that says so: the producer writes by it and bronze validates by it.
Values and bounds that files have as well are named there by their variable in ``dbt_project.yml``.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
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
]

_CONTRACT = json.loads(Path(__file__).with_name("contract.json").read_text())

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


def _value(given: Any) -> Any:
    """A value as it stands there, or the one that a variable of the dbt project has."""
    if not isinstance(given, dict):
        return given
    if "to" in given:
        return list(range(given["from"], variable(given["to"]) + 1))
    return variable(given["variable"])


def _field(given: dict[str, Any]) -> Field:
    values = {key: _value(value) for key, value in given.items()}
    allowed = values.get("allowed")
    return Field(**values | {"allowed": allowed and tuple(allowed)})


def _message_type(given: dict[str, Any]) -> MessageType:
    return MessageType(**given | {"fields": tuple(_field(field) for field in given["fields"])})


MESSAGE_TYPES = {given["topic"]: _message_type(given) for given in _CONTRACT["topics"]}
"""All message types, by topic."""

PURCHASES = MESSAGE_TYPES["black-friday-purchases"]
CUSTOMER_EVENTS = MESSAGE_TYPES["customer-events"]
PRODUCT_VIEWS = MESSAGE_TYPES["product-views"]
