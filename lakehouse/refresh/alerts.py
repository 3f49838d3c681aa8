"""Alerts: a line each in a file, and a message to a webhook where one is set."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from lakehouse.settings import Settings

__all__ = ["Alert", "alerts_file", "send"]

_TIMEOUT_SECONDS = 10


@dataclass(frozen=True)
class Alert:
    """Something that a person should know.

    Attributes:
        kind: 'failed_publish', 'failed_predictions', 'stale_source' or 'unusual_volume'.
        words: one line: what, where, the value seen.
    """

    kind: str
    words: str


def alerts_file(settings: Settings) -> Path:
    """File with one JSON object a line: at (UTC), kind and words; the newest at its end."""
    return settings.var_dir / "alerts.jsonl"


def send(
    alerts: Sequence[Alert],
    settings: Settings,
    report: Callable[[str], None],
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> None:
    """Write alerts to the file, and post them to ``LAKEHOUSE_ALERT_WEBHOOK`` as one message.

    The message is ``{"text": ...}`` with a line an alert, as Slack, Mattermost and others take it,
    and the alerts themselves as ``alerts``. A webhook that does not answer stops nothing: the file
    has them.
    """
    if not alerts:
        return
    at = clock().isoformat(timespec="seconds")
    with alerts_file(settings).open("a") as file:
        for alert in alerts:
            file.write(json.dumps({"at": at, **asdict(alert)}) + "\n")
            report(f"Alert: {alert.words}")
    webhook = settings.alert_webhook.get_secret_value()
    if not webhook:
        return
    body = {
        "text": "\n".join(f"Black Friday Lakehouse: {alert.words}" for alert in alerts),
        "alerts": [asdict(alert) for alert in alerts],
    }
    request = urllib.request.Request(  # noqa: S310 - the settings allow http and https alone
        webhook, json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    try:
        urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS).close()  # noqa: S310 - as above
    except (urllib.error.URLError, OSError) as error:
        # The address holds a token, so it is not repeated.
        report(
            f"Alerts were not delivered to LAKEHOUSE_ALERT_WEBHOOK ({error}); they stand in "
            f"{alerts_file(settings)}"
        )
