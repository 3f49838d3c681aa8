"""Errors a user can act on: what is wrong, where, the value seen and what to do next."""

__all__ = [
    "LakehouseError",
    "ModelError",
    "ServiceError",
    "SettingsError",
    "SourceFileError",
    "StreamError",
    "TableError",
]


class LakehouseError(Exception):
    """A condition the user can mend; the command line shows its one line and exits with 2."""


class ModelError(LakehouseError):
    """A model cannot be trained, judged, registered or loaded from what is there."""


class SettingsError(LakehouseError):
    """A setting has a value that cannot work."""


class ServiceError(LakehouseError):
    """A local service cannot start, stop or answer."""


class SourceFileError(LakehouseError):
    """A source file cannot be landed at all; nothing of it was written."""


class StreamError(LakehouseError):
    """Kafka, its topics or the streaming job are not in a state to go on from."""


class TableError(LakehouseError):
    """A lakehouse table is missing, has another shape than expected, or cannot be restored."""
