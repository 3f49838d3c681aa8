"""The simulated time of a purchase: the same rule, from the same hashes, as dbt's.

The published data has no timestamps. ``cleansed_purchases.sql`` gives each purchase a simulated
one from hashes of its ids and the weights of the hours; here is that rule in Python, so that a
replayed purchase carries the very time that the batch side computes for it. An integration test
holds the two against each other.
"""

import csv
from collections.abc import Iterable
from datetime import UTC, datetime
from fractions import Fraction
from functools import cache

import xxhash

from lakehouse.dbt import DBT_PROJECT_DIR
from lakehouse.errors import StreamError

__all__ = ["SimulatedTime", "hour_of_slot", "seeded_bucket", "spark_xxhash64"]

# The very file that dbt loads, so that both sides give an hour the same weight.
_HOURS = DBT_PROJECT_DIR / "seeds" / "simulated_hours.csv"
_SLOTS = 1000

_HALF_HOUR_MILLIS = 1_800_000
_SPARK_SEED = 42


def spark_xxhash64(text: str) -> int:
    """Spark's ``xxhash64(text)``: XXH64 of the UTF-8 bytes with seed 42, as a signed number."""
    unsigned = xxhash.xxh64_intdigest(text.encode(), _SPARK_SEED)
    return unsigned - 2**64 if unsigned >= 2**63 else unsigned


def seeded_bucket(purpose: str, seed: int, parts: tuple[object, ...], buckets: int) -> int:
    """A bucket from 0 to ``buckets`` - 1, as dbt's macro of that name computes it."""
    return spark_xxhash64("|".join([purpose, str(seed), *map(str, parts)])) % buckets


def hour_of_slot(weights: Iterable[tuple[datetime, int]]) -> tuple[int, ...]:
    """Start of the simulated hour of each slot, in epoch milliseconds.

    Args:
        weights: hours in their order, each with its weight in any unit; one without weight gets
            no slot.

    Raises:
        StreamError: no hour has a weight.
    """
    hours = list(weights)
    total = sum(weight for _, weight in hours)
    if total <= 0:
        raise StreamError(
            f"{_HOURS}: the weights of {len(hours)} hours sum to {total}, so no purchase can be "
            "given a time. Give at least one hour a weight above 0"
        )
    slots: list[int] = []
    before = 0
    for hour, weight in hours:
        before += weight
        next_slot = int(Fraction(_SLOTS * before, total) + Fraction(1, 2))
        slots += [int(hour.timestamp()) * 1000] * (next_slot - len(slots))
    return tuple(slots)


@cache
def _hours_of_the_weekend() -> tuple[int, ...]:
    with _HOURS.open(newline="") as file:
        return hour_of_slot(
            (
                datetime.fromisoformat(row["simulated_hour_at"]).replace(tzinfo=UTC),
                int(row["weight"]),
            )
            for row in csv.DictReader(file)
        )


class SimulatedTime:
    """Visits and simulated times of purchases, for one seed."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._visits: dict[int, int] = {}
        self._starts: dict[tuple[int, int], int] = {}

    def visit(self, user_id: int, event_id: str) -> int:
        """Number of the visit, from 0, in which a customer makes a purchase."""
        visits = self._visits.get(user_id)
        if visits is None:
            visits = self._visits[user_id] = self._bucket("visits", (user_id,), 5) + 1
        return self._bucket("visit", (event_id,), visits)

    def millis(self, user_id: int, event_id: str, visit: int) -> int:
        """Simulated instant of a purchase, in epoch milliseconds (UTC)."""
        start = self._starts.get((user_id, visit))
        if start is None:
            hour = _hours_of_the_weekend()[self._bucket("hour", (user_id, visit), _SLOTS)]
            start = hour + self._bucket("start", (user_id, visit), _HALF_HOUR_MILLIS)
            self._starts[user_id, visit] = start
        return start + self._bucket("moment", (event_id,), _HALF_HOUR_MILLIS)

    def _bucket(self, purpose: str, parts: tuple[object, ...], buckets: int) -> int:
        return seeded_bucket(purpose, self._seed, parts, buckets)
