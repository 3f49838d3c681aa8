"""Events from purchases: each purchase, and the simulated steps of the customer that led to it.

A customer logs in once a visit. Before each purchase the customer may search, may look at another
product, looks at the product itself, puts it into the cart and checks out. All steps are simulated,
from the project's seed; only the purchases come from the file.
"""

import hashlib
from collections.abc import Callable, Collection, Iterator
from enum import IntEnum
from typing import Any, Literal, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lakehouse.kafka.contract import CUSTOMER_EVENTS, PRODUCT_VIEWS, PURCHASES, SCHEMA_VERSION

__all__ = ["Event", "Order", "Plan", "Step", "events", "plan_events"]

Order = Literal["time", "random"]


class Step(IntEnum):
    """The steps of a customer, in the order in which they happen."""

    LOGIN = 0
    SEARCH = 1
    OTHER_VIEW = 2
    VIEW = 3
    CART = 4
    CHECKOUT = 5
    PURCHASE = 6


# Assumptions, not measurements: the published data has purchases only.
_SHARES = {Step.SEARCH: 0.4, Step.OTHER_VIEW: 0.3}
# Seconds from one step to the next, at least and at most; whole steps, in milliseconds below.
_SECONDS_TO_NEXT = {
    Step.LOGIN: (5, 60),
    Step.SEARCH: (3, 30),
    Step.OTHER_VIEW: (10, 120),
    Step.VIEW: (5, 90),
    Step.CART: (10, 60),
    Step.CHECKOUT: (2, 15),
}
_CHUNK = 8_192
_STREAM = 7

_TOPICS = {
    Step.LOGIN: CUSTOMER_EVENTS.topic,
    Step.SEARCH: CUSTOMER_EVENTS.topic,
    Step.OTHER_VIEW: PRODUCT_VIEWS.topic,
    Step.VIEW: PRODUCT_VIEWS.topic,
    Step.CART: CUSTOMER_EVENTS.topic,
    Step.CHECKOUT: CUSTOMER_EVENTS.topic,
    Step.PURCHASE: PURCHASES.topic,
}


class Event(NamedTuple):
    """One message before it is sent.

    Attributes:
        topic: where it goes.
        user_id: key of the message.
        millis: simulated instant, in epoch milliseconds (UTC).
        fields: all fields of the message but ``timestamp``.
    """

    topic: str
    user_id: int
    millis: int
    fields: dict[str, Any]


class Plan(NamedTuple):
    """Which steps happen when; parallel arrays, one entry per event in the order of sending.

    Attributes:
        millis: simulated instants, in epoch milliseconds (UTC).
        steps: values of ``Step``.
        rows: row of the purchase that the step leads to.
        others: row of the purchase whose product an ``OTHER_VIEW`` is of; any row elsewhere.
        view_seconds: how long a view lasts.
    """

    millis: NDArray[np.int64]
    steps: NDArray[np.int8]
    rows: NDArray[np.int32]
    others: NDArray[np.int32]
    view_seconds: NDArray[np.int16]


def plan_events(
    purchases: pa.Table, *, seed: int, order: Order = "time", topics: Collection[str] | None = None
) -> Plan:
    """Simulate the steps that lead to purchases, and put them in order.

    Args:
        purchases: with ``simulator.events.rounds.PURCHASE_COLUMNS``.
        seed: seed of everything random here.
        order: "time" sends by simulated time; "random" shuffles the purchases, each still after
            the steps that lead to it.
        topics: keep the events of these topics only; by default of all.
    """
    rng = np.random.default_rng([seed, _STREAM])
    count = purchases.num_rows
    rows = np.arange(count, dtype=np.int32)
    at = purchases["simulated_millis"].to_numpy()

    parts = [(Step.PURCHASE, rows, at)]
    for step in sorted(_SECONDS_TO_NEXT, reverse=True):
        if step is Step.LOGIN:
            continue
        happens = rng.random(count) < _SHARES.get(step, 1.0)
        at = np.where(happens, at - _gap(rng, step, count), at)
        parts.append((step, rows[happens], at[happens]))
    first = _first_of_visit(purchases, at)
    parts.append((Step.LOGIN, rows[first], at[first] - _gap(rng, Step.LOGIN, len(first))))

    if topics is not None:
        parts = [part for part in parts if _TOPICS[part[0]] in topics]
    steps = np.concatenate([np.full(len(part[1]), part[0], np.int8) for part in parts])
    row = np.concatenate([part[1] for part in parts])
    millis = np.concatenate([part[2] for part in parts])
    if order == "random":
        rank = rng.permutation(count)
        sequence = np.lexsort((steps, millis, rank[row]))
    else:
        sequence = np.lexsort((steps, millis))
    return Plan(
        millis=millis[sequence],
        steps=steps[sequence],
        rows=row[sequence],
        others=rng.integers(count, size=len(row), dtype=np.int32),
        view_seconds=(1 + rng.integers(90, size=len(row))).astype(np.int16),
    )


def events(purchases: pa.Table, plan: Plan) -> Iterator[Event]:
    """The events of a plan, in its order and in bounded memory."""
    for start in range(0, len(plan.steps), _CHUNK):
        part = slice(start, start + _CHUNK)
        own = purchases.take(pa.array(plan.rows[part])).to_pylist()
        others = purchases.select(["product_id", "product_category_1"])
        others = others.take(pa.array(plan.others[part])).to_pylist()
        rest = (array[part].tolist() for array in (plan.millis, plan.steps, plan.view_seconds))
        for purchase, other, millis, step, seconds in zip(own, others, *rest, strict=True):
            fields = _BUILDERS[step](Step(step), purchase, other, seconds)
            yield Event(_TOPICS[step], purchase["user_id"], millis, fields)


def _gap(rng: np.random.Generator, step: Step, count: int) -> NDArray[np.int64]:
    least, most = _SECONDS_TO_NEXT[step]
    return rng.integers(least * 1000, most * 1000, size=count)


def _first_of_visit(purchases: pa.Table, started: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rows whose steps begin first in their visit."""
    keys = np.stack([purchases[name].to_numpy() for name in ("user_id", "visit")])
    order = np.lexsort((started, keys[1], keys[0]))
    changes = np.any(np.diff(keys[:, order]) != 0, axis=0)
    return order[np.concatenate([[True], changes])]


def _digest(*parts: object) -> str:
    text = "|".join(map(str, parts))
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _session_id(purchase: dict[str, Any]) -> str:
    return f"{purchase['user_id']}-{purchase['visit']}"


def _purchase(_step: Step, purchase: dict[str, Any], _other: Any, _seconds: int) -> dict[str, Any]:
    # The simulated instant is the event's timestamp; the visit is of the simulation, not of the
    # purchase.
    del purchase["visit"], purchase["simulated_millis"]
    return {"event_type": "purchase", "schema_version": SCHEMA_VERSION, **purchase}


def _customer_event(
    step: Step, purchase: dict[str, Any], _other: Any, _seconds: int
) -> dict[str, Any]:
    session = _session_id(purchase)
    fields = {
        "event_id": _digest(step.name, session if step is Step.LOGIN else purchase["event_id"]),
        "event_type": step.name.lower(),
        "schema_version": SCHEMA_VERSION,
        "user_id": purchase["user_id"],
        "session_id": session,
    }
    if step is not Step.LOGIN:
        fields["product_category_1"] = purchase["product_category_1"]
    if step in (Step.CART, Step.CHECKOUT):
        fields["product_id"] = purchase["product_id"]
    return fields


def _product_view(
    step: Step, purchase: dict[str, Any], other: dict[str, Any], seconds: int
) -> dict[str, Any]:
    seen = other if step is Step.OTHER_VIEW else purchase
    return {
        "event_id": _digest(step.name, purchase["event_id"]),
        "event_type": "product_view",
        "schema_version": SCHEMA_VERSION,
        "user_id": purchase["user_id"],
        "session_id": _session_id(purchase),
        "product_id": seen["product_id"],
        "product_category_1": seen["product_category_1"],
        "view_seconds": seconds,
    }


_BUILDERS: dict[int, Callable[..., dict[str, Any]]] = {
    Step.LOGIN: _customer_event,
    Step.SEARCH: _customer_event,
    Step.OTHER_VIEW: _product_view,
    Step.VIEW: _product_view,
    Step.CART: _customer_event,
    Step.CHECKOUT: _customer_event,
    Step.PURCHASE: _purchase,
}
