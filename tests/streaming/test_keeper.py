"""A query that fails is told, tried again ever later, and at last left to a person."""

from types import SimpleNamespace

import pytest

from lakehouse.errors import StreamError
from streaming.keeper import QueryKeeper, reason_of


class Query:
    """As much of a streaming query as its keeper looks at."""

    def __init__(self) -> None:
        self.error: str | None = None
        self.isActive = True
        self.lastProgress = None
        self.status = {"isTriggerActive": True}

    def exception(self) -> str | None:
        return self.error

    def fail(self, reason: str) -> None:
        self.error, self.isActive = reason, False


@pytest.fixture
def world():
    """A keeper with a clock of its own; each start makes a query, unless told to raise."""
    found = SimpleNamespace(now=0.0, queries=[], said=[], raises=None, broker_answers=True)

    def start() -> Query:
        if found.raises is not None:
            raise found.raises
        found.queries.append(Query())
        return found.queries[-1]

    found.keeper = QueryKeeper(
        "scoring", start, found.said.append, lambda: found.broker_answers, lambda: found.now
    )
    found.keeper.start()
    return found


def looked_at(world, seconds: float) -> None:
    world.now += seconds
    world.keeper.look()


def test_a_query_that_runs_is_left_alone(world):
    looked_at(world, 1000)
    assert len(world.queries) == 1 and world.keeper.failure is None and not world.said


def test_a_failed_query_starts_again_after_a_pause_that_doubles_and_then_needs_a_person(world):
    for pause in (5, 10, 20, 40):
        world.queries[-1].fail("no such\n category")
        looked_at(world, 1)
        assert world.keeper.failure == "no such category"
        started = len(world.queries)
        looked_at(world, pause - 1)
        assert len(world.queries) == started
        looked_at(world, 1)
        assert len(world.queries) == started + 1 and world.keeper.failure is None
    world.queries[-1].fail("no such category")
    looked_at(world, 1)
    assert world.keeper.needs_person and world.keeper.has_ended
    assert "Mend the cause" in world.keeper.failure
    looked_at(world, 10_000)
    assert len(world.queries) == 5
    assert len(world.said) == 5


def test_a_failure_after_a_long_good_run_counts_as_the_first(world):
    for _ in range(20):
        looked_at(world, 601)
        world.queries[-1].fail("a bad moment")
        looked_at(world, 1)
        looked_at(world, 5)
    assert not world.keeper.needs_person and len(world.queries) == 21


def test_a_broker_that_is_away_is_waited_for_without_end(world):
    for _ in range(50):
        world.queries[-1].fail("org.apache.kafka.common.errors.TimeoutException: away")
        looked_at(world, 1)
        assert world.keeper.waits_for_broker
        looked_at(world, 5)
    assert not world.keeper.needs_person and len(world.queries) == 51


def test_with_a_broker_that_is_away_no_words_of_a_failure_are_the_last(world):
    world.broker_answers = False
    for _ in range(50):
        world.queries[-1].fail("No resolvable bootstrap urls")
        looked_at(world, 1)
        looked_at(world, 40)
    assert not world.keeper.needs_person
    world.queries[-1].fail("Some data may have been lost")
    looked_at(world, 1)
    assert world.keeper.needs_person


def test_offsets_that_are_gone_need_a_person_at_once_who_is_told_the_command(world):
    world.queries[-1].fail(
        "Job aborted" + 999 * "\n at x" + "\nCaused by: Some data may have been lost"
    )
    looked_at(world, 1)
    assert world.keeper.needs_person and "accept-loss" in world.keeper.failure


def test_what_only_the_cause_of_a_cause_says_is_heard(world):
    """Spark hands on causes as objects, and its own words may be of a task that could not write."""
    texts = ("Task failed", "Job aborted", "Some data may have been lost")
    told = [RuntimeError(text) for text in texts]
    told[0]._cause, told[1]._cause = told[1:]
    world.queries[-1].fail(told[0])
    looked_at(world, 1)
    assert world.keeper.needs_person and "accept-loss" in world.keeper.failure


def test_a_start_that_is_refused_in_words_is_not_tried_again_and_another_one_is(world):
    world.raises = StreamError("the checkpoint is not of the table. Remove the folder")
    world.queries[-1].fail("x")
    looked_at(world, 1)
    looked_at(world, 5)
    assert world.keeper.needs_person
    assert world.keeper.failure == "the checkpoint is not of the table. Remove the folder"
    assert world.keeper.told_failure == world.keeper.failure

    world.raises = RuntimeError("a port is taken")
    world.keeper.revive()
    looked_at(world, 0)
    assert not world.keeper.needs_person and world.keeper.failure == "a port is taken"
    assert world.keeper.told_failure.startswith("a port is taken. What it committed stands.")


def test_what_a_person_mended_starts_anew_with_all_its_tries(world):
    world.queries[-1].fail("Some data may have been lost")
    looked_at(world, 1)
    world.keeper.revive()
    looked_at(world, 0)
    assert len(world.queries) == 2 and world.keeper.failure is None
    assert not world.keeper.needs_person


def test_a_query_that_ended_by_itself_is_done(world):
    world.queries[-1].isActive = False
    looked_at(world, 1)
    assert world.keeper.has_ended and world.keeper.failure is None


def test_silence_is_counted_while_a_trigger_runs_and_not_between_two(world):
    query = world.queries[-1]
    query.lastProgress = SimpleNamespace(batchId=1, timestamp="t1")
    assert world.keeper.silent_seconds() == 0
    world.now += 400
    assert world.keeper.silent_seconds() == 400
    query.lastProgress = SimpleNamespace(batchId=2, timestamp="t2")
    assert world.keeper.silent_seconds() == 0
    query.status = {"isTriggerActive": False}
    world.now += 400
    assert world.keeper.silent_seconds() == 0
    query.isActive = False
    world.now += 400
    assert world.keeper.silent_seconds() == 0


def test_the_reason_of_a_models_exception_is_its_own_line_and_not_the_traceback():
    text = (
        "[STREAM_FAILED] Query [id = 1] terminated with exception: An exception was raised by the "
        "Python Proxy. Return Message: Traceback (most recent call last):\n"
        '  File "callback.py", line 617, in _call_proxy\n    return_value = method(*params)\n'
        "xgboost.core.XGBoostError: feature\n  mismatch\n\nAt:\n SQLSTATE: XXKST"
    )
    assert reason_of(text) == "xgboost.core.XGBoostError: feature"
    assert reason_of(RuntimeError("a\nb " + "x" * 900)) == "a b " + "x" * 496
