"""The published file's aggregate figures, as arrays that the synthetic generator computes with."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["AGES", "CITIES", "GENDERS", "MARITAL", "STAYS", "Calibration", "calibration", "figures"]

FIGURES_FILE = Path(__file__).with_name("calibration.json")
GENDERS = ("F", "M")
AGES = ("0-17", "18-25", "26-35", "36-45", "46-50", "51-55", "55+")
CITIES = ("A", "B", "C")
STAYS = ("0", "1", "2", "3", "4+")
MARITAL = ("0", "1")
OCCUPATIONS = tuple(str(code) for code in range(21))

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Calibration:
    """Figures of the published file; categories are indexed 0..19 for codes 1..20.

    Attributes:
        rows: rows of the published file.
        users: users of the published file.
        age_share: share of users by age, shape (7,).
        gender_share: P(gender | age), shape (7, 2).
        city_share: P(city | age), shape (7, 3).
        married_share: P(married | age), shape (7,).
        stay_share: share of users by years in the city, shape (5,).
        occupation_share: P(occupation | age, gender), shape (7, 2, 21).
        activity_shift: shift of a user's purchase-count rank score within a city, in standard
            deviations, by age and gender, shape (7, 2).
        activity_quantiles: per city, (levels, purchases per user).
        units_shift: shift of the latent number of units by age, gender and city, in standard
            deviations, shape (7, 2, 3).
        units_slope: its change per unit of the log of a user's purchases.
        log_purchases: mean over rows of the log of the user's purchases.
        category_share: P(category | attribute value) over rows, by attribute "gender", "age" and
            "city", shapes (2, 20), (7, 20), (3, 20).
        unit: price of one unit, in the currency of the file, shape (20,).
        units_share: P(k units), k = 1..5, by category, shape (20, 5).
    """

    rows: int
    users: int
    age_share: Floats
    gender_share: Floats
    city_share: Floats
    married_share: Floats
    stay_share: Floats
    occupation_share: Floats
    activity_shift: Floats
    activity_quantiles: tuple[tuple[Floats, Floats], ...]
    units_shift: Floats
    units_slope: float
    log_purchases: float
    category_share: dict[str, Floats]
    unit: Floats
    units_share: Floats


@cache
def figures() -> dict[str, Any]:
    """The contents of ``calibration.json``; callers must not change it."""
    return json.loads(FIGURES_FILE.read_text(encoding="utf-8"))


@cache
def calibration() -> Calibration:
    """The figures as arrays, every distribution scaled to a sum of exactly 1."""
    raw = figures()
    by_age = _table(raw["occupation_share_by_age"], AGES, OCCUPATIONS)
    by_gender = _table(raw["occupation_share_by_gender"], GENDERS, OCCUPATIONS)
    overall = _vector(raw["user_share"]["Occupation"], OCCUPATIONS)
    activity = raw["activity_score"]
    units = raw["units_effect"]
    categories = list(raw["category"].values())
    return Calibration(
        rows=raw["rows"],
        users=raw["users"],
        age_share=_distribution(_vector(raw["user_share"]["Age"], AGES)),
        gender_share=_distribution(_table(raw["gender_share_by_age"], AGES, GENDERS)),
        city_share=_distribution(_table(raw["city_share_by_age"], AGES, CITIES)),
        married_share=_vector(raw["married_share_by_age"], AGES),
        stay_share=_distribution(_vector(raw["user_share"]["Stay_In_Current_City_Years"], STAYS)),
        # Independence of age and gender given the occupation: the file is too small for the
        # three-way table.
        occupation_share=_distribution(by_age[:, None, :] * (by_gender / overall)[None]),
        activity_shift=_vector(activity["by_age"], AGES)[:, None]
        + np.array([0.0, activity["male"]]),
        activity_quantiles=tuple(
            _quantiles(raw["purchases_per_user_quantiles"][f"city {city}"]) for city in CITIES
        ),
        units_shift=_vector(units["by_age"], AGES)[:, None, None]
        + _vector(units["by_gender"], GENDERS)[:, None]
        + _vector(units["by_city"], CITIES),
        units_slope=units["log_purchases_slope"],
        log_purchases=units["log_purchases_mean"],
        category_share={
            name: _distribution(
                np.array([_vector(entry[f"row_share_by_{name}"], values) for entry in categories]).T
            )
            for name, values in (("gender", GENDERS), ("age", AGES), ("city", CITIES))
        },
        unit=np.array([entry["unit"] for entry in categories], dtype=float),
        units_share=_distribution(np.array([entry["units_share"] for entry in categories])),
    )


def _vector(entry: dict[str, float], names: tuple[str, ...]) -> Floats:
    return np.array([entry[name] for name in names], dtype=float)


def _table(
    entry: dict[str, dict[str, float]], rows: tuple[str, ...], columns: tuple[str, ...]
) -> Floats:
    return np.array([_vector(entry[row], columns) for row in rows])


def _distribution(values: Floats) -> Floats:
    return values / values.sum(axis=-1, keepdims=True)


def _quantiles(entry: dict[str, float]) -> tuple[Floats, Floats]:
    levels = np.array([float(level) for level in entry])
    return levels, np.array(list(entry.values()), dtype=float)
