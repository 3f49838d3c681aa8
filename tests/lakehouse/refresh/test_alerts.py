"""Alerts stand in a file, and are posted where a webhook is set; one that is dead stops nothing."""

import json
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from lakehouse.errors import SettingsError
from lakehouse.refresh.alerts import Alert, alerts_file, send
from lakehouse.settings import Settings, settings

STALE = Alert("stale_source", "Source bronze.sales: its newest row is of 2026-01-01")
FAILED = Alert("failed_publish", "Nothing new is published: dbt build failed")
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def settings_with(folder, webhook: str = "") -> Settings:
    return Settings(var_dir=folder, root="", alert_webhook=webhook, _env_file=None)


@pytest.fixture
def webhook():
    """Address of a server, and what was posted to it."""
    posted = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            length = int(self.headers["Content-Length"])
            posted.append((self.headers["Content-Type"], json.loads(self.rfile.read(length))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hook", posted
    server.shutdown()
    thread.join()
    server.server_close()


def test_nothing_wrong_leaves_no_trace(tmp_path):
    of = settings_with(tmp_path)
    send([], of, print)
    assert not alerts_file(of).exists()


def test_each_alert_is_a_line_of_the_file_and_one_message_is_posted(tmp_path, webhook):
    address, posted = webhook
    of, said = settings_with(tmp_path, address), []
    send([STALE], of, said.append, clock=lambda: NOON)
    send([FAILED, STALE], of, said.append, clock=lambda: NOON)
    lines = [json.loads(line) for line in alerts_file(of).read_text().splitlines()]
    assert [line["kind"] for line in lines] == ["stale_source", "failed_publish", "stale_source"]
    assert lines[0] == {"at": "2026-11-20T12:00:00+00:00", "kind": STALE.kind, "words": STALE.words}
    assert len(said) == 3
    assert [kind for kind, _ in posted] == ["application/json"] * 2
    assert posted[1][1]["text"].splitlines() == [
        f"Black Friday Lakehouse: {alert.words}" for alert in (FAILED, STALE)
    ]
    assert [alert["kind"] for alert in posted[1][1]["alerts"]] == [FAILED.kind, STALE.kind]


def test_a_webhook_that_does_not_answer_is_told_without_its_token(tmp_path):
    of, said = settings_with(tmp_path, "http://127.0.0.1:9/token"), []
    send([STALE], of, said.append)
    assert alerts_file(of).exists()
    assert "not delivered to LAKEHOUSE_ALERT_WEBHOOK" in said[-1]
    assert "token" not in said[-1]


def test_a_webhook_is_a_web_address_and_its_value_is_not_repeated(monkeypatch):
    monkeypatch.setenv("LAKEHOUSE_ALERT_WEBHOOK", "file:///etc/token")
    with pytest.raises(SettingsError, match="LAKEHOUSE_ALERT_WEBHOOK=its value: ") as refused:
        settings.__wrapped__()
    assert "token" not in str(refused.value)
