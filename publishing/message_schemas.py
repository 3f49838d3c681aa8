"""The contract of the messages as JSON Schema, a document for each topic, for those who produce."""

from pathlib import Path
from typing import Any

from lakehouse.kafka.contract import (
    EARLIEST_EVENT_AT,
    LATEST_AHEAD,
    MAX_VALUE_BYTES,
    MESSAGE_TYPES,
    Field,
    MessageType,
)
from lakehouse.settings import PROJECT_DIR

__all__ = ["MESSAGE_SCHEMAS", "message_schema", "message_schemas"]

MESSAGE_SCHEMAS = PROJECT_DIR / "docs" / "messages"

_TYPES: dict[str, dict[str, Any]] = {
    "int": {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1},
    "string": {"type": "string"},
    "timestamp": {
        "type": "string",
        "format": "date-time",
        "description": (
            f"ISO 8601 with a zone, not before {EARLIEST_EVENT_AT:%Y-%m-%d} and not more than "
            f"{LATEST_AHEAD} hours ahead of the broker's clock"
        ),
    },
}


def message_schema(kind: MessageType) -> dict[str, Any]:
    """The schema of the messages of one topic (JSON Schema, draft 2020-12).

    Fields that it does not name are allowed: bronze keeps them beside the others.
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": kind.topic,
        "description": f"{kind.description}. At most {MAX_VALUE_BYTES} bytes",
        "type": "object",
        "properties": {field.name: _property(field) for field in kind.fields},
        "required": [field.name for field in kind.fields if field.is_required],
        "additionalProperties": True,
    }


def message_schemas() -> dict[Path, dict[str, Any]]:
    """The schemas of all topics, by the file that they stand in."""
    return {
        MESSAGE_SCHEMAS / f"{kind.topic}.schema.json": message_schema(kind)
        for kind in MESSAGE_TYPES.values()
    }


def _property(field: Field) -> dict[str, Any]:
    if field.allowed is not None:
        return {"enum": [*field.allowed, *([] if field.is_required else [None])]}
    found = dict(_TYPES[field.type])
    if field.minimum is not None:
        found["minimum"] = field.minimum
    if field.maximum is not None:
        found["maximum"] = field.maximum
    if field.pattern is not None:
        found["pattern"] = f"^(?:{field.pattern})$"
    return found if field.is_required else {"anyOf": [found, {"type": "null"}]}
