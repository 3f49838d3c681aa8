import json
from datetime import datetime

import pytest

from lakehouse.errors import SettingsError
from lakehouse.kafka.contract import PURCHASES
from simulator.account import Account
from simulator.events.faults import BROKEN_KINDS, FAULTS, FaultInjector, Shares
from simulator.events.visits import Event

START = 1_795_000_000_000
SHARES = Shares(late=0.05, too_late=0.05, duplicate=0.05, extra_field=0.05, broken=0.2)


def event(number: int) -> Event:
    fields = dict.fromkeys(("user_id", "schema_version", "purchase", "occupation"), 1)
    fields |= {"event_id": str(number), "event_type": "purchase"}
    return Event(PURCHASES.topic, 1, START + number, fields)


def sent(count: int = 4_000, shares: Shares = SHARES, seed: int = 3):
    injector = FaultInjector(shares, seed)
    messages = [message for n in range(count) for message in injector.messages(event(n))]
    return messages, injector


def test_nothing_is_changed_without_shares():
    messages, injector = sent(50, Shares())
    assert {message.kind for message in messages} == {"good"}
    assert json.loads(messages[7].value)["timestamp"] == "2026-11-18T11:06:40.007Z"
    assert injector.sent == {(PURCHASES.topic, "good"): 50}


def test_the_account_counts_what_was_sent_of_each_kind():
    messages, injector = sent()
    for kind in FAULTS:
        count = sum(message.kind == kind for message in messages)
        assert injector.sent[PURCHASES.topic, kind] == count > 0
    broken = sum(injector.sent[PURCHASES.topic, kind] for kind in BROKEN_KINDS)
    assert broken / 4_000 == pytest.approx(0.2, abs=0.02)


def test_equal_seeds_give_equal_faults():
    assert sent(500)[0] == sent(500)[0]
    assert sent(500, seed=4)[0] != sent(500)[0]


def test_a_duplicate_repeats_an_earlier_message_byte_for_byte():
    messages, _ = sent()
    seen = set()
    for message in messages:
        if message.kind == "duplicate":
            assert message.value in seen
        seen.add(message.value)


def test_late_events_are_within_the_watermark_or_well_beyond():
    late = {"late": (60, 540), "too_late": (900, 2_700)}
    messages, _ = sent(shares=Shares(late=0.5, too_late=0.5))
    for number, message in enumerate(messages):
        stamp = json.loads(message.value)["timestamp"]
        moved = (START + number) / 1000 - datetime.fromisoformat(stamp).timestamp()
        least, most = late[message.kind]
        assert least <= moved < most


@pytest.mark.parametrize("shares", [{"late": -0.1}, {"late": 0.6, "broken": 0.6}])
def test_shares_that_cannot_be_are_refused(shares):
    with pytest.raises(SettingsError, match="late="):
        Shares(**shares)


def test_an_account_can_be_written_and_read(tmp_path):
    account = Account(
        started_at="2026-11-22T21:00:00.000Z",
        seed=1,
        seconds=2.0,
        wanted_rate=None,
        achieved_rate=9.5,
        sent={PURCHASES.topic: {"good": 7, "late": 2, "duplicate": 3, "tombstone": 4}},
    )
    assert Account.read(account.write(tmp_path / "accounts")) == account
    wanted = {"accepted": 9, "duplicate": 3, "rejected": 4}
    assert account.expected(PURCHASES.topic) == wanted
