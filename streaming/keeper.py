"""Keeps one query running: a failure is told, tried again ever later, and at last left to a person.

Each query has a keeper of its own, so what ends one of them leaves the others running.
"""

import re
import time
from collections.abc import Callable
from typing import Any

from pyspark.sql.streaming import StreamingQuery

from lakehouse.errors import LakehouseError

__all__ = ["QueryKeeper", "advice_for", "reason_of", "whole_text"]

_FIRST_PAUSE_SECONDS = 5.0
_TRIES = 5
# A query that ran so long since its last start has nothing to do with the failure before.
_SETTLED_SECONDS = 600.0
# A query whose broker does not answer ends with one of these. The broker comes back, or does not;
# a person could do no more than start it, so the query waits for as long as it takes.
_BROKER_IS_AWAY = (
    "org.apache.kafka.common.errors.TimeoutException",
    "org.apache.kafka.common.errors.DisconnectException",
    "Timeout of 60000ms expired",
)
_NO_BROKER = "its broker does not answer"
# Spark's words for offsets that Kafka has deleted.
_DATA_IS_LOST = (
    "Some data may have been lost",
    "KAFKA_DATA_LOSS",
    "OffsetOutOfRangeException",
    "offset was changed from",
)


def advice_for(failure: str) -> str:
    """What a person can do about a failure that trying again does not mend.

    Example:
        >>> advice_for("a port is taken")
        'Mend the cause and start the job again'
    """
    if any(sign in failure for sign in _DATA_IS_LOST):
        return (
            "Kafka deleted records that were not read: `make down`, with the local broker "
            "`python -m lakehouse up kafka`, then `python -m streaming accept-loss`"
        )
    return "Mend the cause and start the job again"


def _for_a_person(text: str) -> str:
    return f"{reason_of(text)}. What it committed stands. {advice_for(text)}"


_PYTHON_ERROR = re.compile(r"^(?:\w+\.)*\w*(?:Error|Exception)\b.*", re.MULTILINE)
_LONGEST = 500


def reason_of(error: object) -> str:
    """What went wrong, in one line.

    Of Python code that Spark calls, Spark hands on the whole traceback: its last line says it.
    """
    text = str(error)
    lines = _PYTHON_ERROR.findall(text.partition("Traceback (most recent call last)")[2])
    return " ".join((lines[-1] if lines else text).split())[:_LONGEST]


def whole_text(error: BaseException | None) -> str:
    """What an error of Spark says, and below it what each of its causes says.

    Of a task that failed while it wrote, Spark's own words say no more than that.
    """
    texts = []
    while error is not None:
        texts.append(str(error))
        error = getattr(error, "_cause", None)
    return "\n".join(texts)


class QueryKeeper:
    """Starts a query, and again when it fails.

    Attributes:
        name: of the query.
        query: the newest one that was started; None before the first start succeeds.
        failure: why it does not run, or None while it does.
        needs_person: whether it is not tried again.
    """

    def __init__(
        self,
        name: str,
        start: Callable[[], StreamingQuery],
        report: Callable[[str], None],
        broker_answers: Callable[[], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Keep a query that is not started yet.

        Args:
            name: of the query.
            start: starts it.
            report: called with a line when something happens to it.
            broker_answers: asked before it is given up; with a broker that is away, there are more
                ways to fail than can be told from the words of the failure.
            clock: seconds, for the pauses.
        """
        self.name = name
        self.query: StreamingQuery | None = None
        self.failure: str | None = None
        self.needs_person = False
        self._start = start
        self._report = report
        self._broker_answers = broker_answers
        self._clock = clock
        self._tries, self._text = 0, ""
        self._started_at = self._next_try = clock()
        self._seen: Any = None
        self._moved_at = clock()

    def start(self) -> None:
        """Start the query now; a failure is kept like any later one."""
        self._started_at = self._moved_at = self._clock()
        self._seen = None
        try:
            self.query = self._start()
        except LakehouseError as error:
            # Said in words that tell what to do: trying again would change nothing.
            self._give_up(" ".join(str(error).split()))
        except Exception as error:  # of Spark; a bad moment, or for good
            self._note(whole_text(error))
        else:
            self.failure = None

    def look(self) -> None:
        """Notice that the query failed, and start it again when it is time."""
        if self.needs_person:
            return
        if self.failure is None and self.query is not None and not self.query.isActive:
            error = self.query.exception()
            if error is not None:
                self._note(whole_text(error))
        elif self.failure is not None and self._clock() >= self._next_try:
            self.start()

    def revive(self) -> None:
        """Try again, as what it failed by has changed."""
        if self.failure is not None:
            self.needs_person, self._tries, self._next_try = False, 0, self._clock()

    @property
    def waits_for_broker(self) -> bool:
        """Whether it failed by a broker that does not answer, and waits for it."""
        return self.failure == _NO_BROKER

    @property
    def told_failure(self) -> str:
        """Why it does not run and what a person can do, for one who is there to read it."""
        is_told = self.failure is None or self.needs_person
        return (self.failure or "") if is_told else _for_a_person(self._text)

    @property
    def has_ended(self) -> bool:
        """Whether nothing more is to come: it is done, or a person has to see to it."""
        is_done = self.failure is None and self.query is not None and not self.query.isActive
        return self.needs_person or is_done

    def silent_seconds(self) -> float:
        """How long its running trigger has reported nothing; 0 between two triggers."""
        if self.query is None or not self.query.isActive:
            return 0.0
        last = self.query.lastProgress
        seen = None if last is None else (last.batchId, last.timestamp)
        if seen != self._seen or not self.query.status["isTriggerActive"]:
            self._seen, self._moved_at = seen, self._clock()
        return self._clock() - self._moved_at

    def _note(self, text: str) -> None:
        """Note a failure; its signs may stand far down in the text, in a cause of a cause."""
        now, reason = self._clock(), reason_of(text)
        self._tries = 1 if now - self._started_at >= _SETTLED_SECONDS else self._tries + 1
        is_lost = any(sign in text for sign in _DATA_IS_LOST)
        is_away = any(sign in text for sign in _BROKER_IS_AWAY)
        is_last = is_lost or self._tries >= _TRIES
        if is_away or (is_last and not is_lost and not self._broker_answers()):
            self.failure, self._next_try, self._tries = _NO_BROKER, now + _FIRST_PAUSE_SECONDS, 0
            self._report(f"Stream: {self.name} has no broker; starting it again")
            return
        if is_last:
            self._give_up(_for_a_person(text))
            return
        pause = _FIRST_PAUSE_SECONDS * 2 ** (self._tries - 1)
        self.failure, self._next_try, self._text = reason, now + pause, text
        self._report(f"Stream: {self.name} failed, tried again in {pause:.0f} s: {reason}")

    def _give_up(self, reason: str) -> None:
        self.failure, self.needs_person = reason, True
        self._report(f"Stream: {self.name} needs a person: {reason}")
