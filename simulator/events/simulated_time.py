"""The simulated time of a purchase: the same rule, from the same hashes, as dbt's.

The published data has no timestamps. ``cleansed_purchases.sql`` gives each purchase a simulated
one from hashes of its ids; here is that rule in Python, so that a replayed purchase carries the
very time that the batch side computes for it. An integration test holds the two against each other.
"""

from datetime import UTC, datetime
from fractions import Fraction
from functools import cache

import xxhash

__all__ = ["SimulatedTime", "seeded_bucket", "spark_xxhash64"]

# Of dbt_project/models/intermediate/simulated_hours.sql.
_HOURS = (14, 9, 6, 4, 4, 7, 14, 24, 36, 48, 58, 64, 66, 64, 60, 58, 58, 62, 68, 72, 70, 60, 42, 26)
_DAYS = {"2018-11-23": "0.46", "2018-11-24": "0.30", "2018-11-25": "0.24"}
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


@cache
def _hour_of_slot() -> tuple[int, ...]:
    """Start of the simulated hour of each slot, in epoch milliseconds."""
    hours: list[int] = []
    total = Fraction(0)
    for day, share in _DAYS.items():
        midnight = int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()) * 1000
        for hour, intensity in enumerate(_HOURS):
            total += Fraction(share) * intensity / sum(_HOURS)
            next_slot = int(_SLOTS * total + Fraction(1, 2))
            hours += [midnight + hour * 3_600_000] * (next_slot - len(hours))
    return tuple(hours)


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
            hour = _hour_of_slot()[self._bucket("hour", (user_id, visit), _SLOTS)]
            start = hour + self._bucket("start", (user_id, visit), _HALF_HOUR_MILLIS)
            self._starts[user_id, visit] = start
        return start + self._bucket("moment", (event_id,), _HALF_HOUR_MILLIS)

    def _bucket(self, purpose: str, parts: tuple[object, ...], buckets: int) -> int:
        return seeded_bucket(purpose, self._seed, parts, buckets)
