"""Models on the marts: trained, judged, registered, and scored back into the lakehouse."""

__all__: list[str] = []
