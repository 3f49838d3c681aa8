"""What the purchase model has to beat, on the same rows: means, scikit-learn, a public recipe."""

import numpy as np
import pandas as pd
import xgboost
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ml.purchase.data import ENCODED, ENCODING_KEYS, PurchaseSplit
from ml.purchase.rows import EVENT_COLUMNS, Codes

__all__ = [
    "is_in_recipe",
    "mart_features",
    "mean_baselines",
    "public_recipe",
    "sklearn_baselines",
    "training_counts",
]

_PUBLIC_TREES = {
    "max_depth": 10,
    "learning_rate": 0.1,
    "colsample_bytree": 0.5,
    "objective": "reg:squarederror",
}
_PUBLIC_ROUNDS = 500
_DROPPED_CATEGORIES = (19, 20)


def mean_baselines(split: PurchaseSplit) -> dict[str, np.ndarray]:
    """The mean amounts of a test purchase's category and product in the training purchases."""
    return {
        "category_mean": split.test["category_mean_purchase"].to_numpy(),
        "product_mean": split.test["product_mean_purchase"].to_numpy(),
    }


def training_counts(rows: pd.DataFrame, split: PurchaseSplit) -> pd.DataFrame:
    """Number of training purchases with the key of each encoding, such as ``user_count``.

    Those of the mart cannot stand in: they leave out a training row's own fold and leave out none
    for a test row, so a model that learns from them is asked about larger counts than it saw. A
    count does not know the target, so a training row may be counted itself.

    Args:
        rows: of either side.
        split: whose training rows are counted.
    """
    counts = {}
    for encoding, keys in ENCODING_KEYS.items():
        name, keys = f"{encoding}_count", list(keys)
        known = split.train.groupby(keys, dropna=False).size().rename(name).reset_index()
        counts[name] = rows[keys].merge(known, on=keys, how="left")[name].fillna(0).to_numpy()
    return pd.DataFrame(counts, index=rows.index)


def mart_features(split: PurchaseSplit) -> tuple[np.ndarray, np.ndarray]:
    """The numeric columns of training and test rows, rows x columns, without ids.

    Means are the mart's; counts are :func:`training_counts`.
    """
    numeric = [name for name in EVENT_COLUMNS if pd.api.types.is_numeric_dtype(split.train[name])]
    columns = [*(name for name in numeric if name != "user_id"), *ENCODED]

    def features(rows: pd.DataFrame) -> np.ndarray:
        joined = pd.concat([rows[columns], training_counts(rows, split)], axis=1)
        return joined.fillna(0).to_numpy(dtype=float)

    return features(split.train), features(split.test)


def sklearn_baselines(split: PurchaseSplit, seed: int) -> dict[str, np.ndarray]:
    """A linear model and boosted trees of scikit-learn on the encodings that dbt built."""
    train, test = mart_features(split)
    models = {
        "sklearn_ridge": make_pipeline(StandardScaler(), Ridge()),
        "sklearn_boosting": HistGradientBoostingRegressor(random_state=seed % 2**31),
    }
    return {
        name: model.fit(train, split.train_purchase).predict(test) for name, model in models.items()
    }


def is_in_recipe(rows: pd.DataFrame) -> np.ndarray:
    """Whether the public recipe knows of the category of each purchase."""
    return ~rows["product_category_1"].isin(_DROPPED_CATEGORIES).to_numpy()


def public_recipe(split: PurchaseSplit, seed: int) -> np.ndarray:
    """What a well-known public recipe for this data set expects, rebuilt whole.

    Trees on all codes, on years in the city and marital status, on counts of customer and product,
    and on the mean amounts of both (here out of fold, so that it is not held back by a leak). It
    drops categories 19 and 20 from its training, as they did not occur where it was made: do not
    measure it on these (:func:`is_in_recipe`).
    """

    def features(rows: pd.DataFrame, codes: Codes) -> np.ndarray:
        counts = training_counts(rows, split)
        return np.column_stack(
            [
                codes.user,
                codes.product,
                codes.category,
                codes.second_category,
                codes.third_category,
                *codes.attributes.values(),
                counts["user_count"],
                counts["product_count"],
                rows["product_mean_purchase"],
                rows["user_mean_purchase"],
                rows["stay_in_current_city_min_years"],
                rows["marital_status"],
            ]
        ).astype(np.float32)

    learnt = is_in_recipe(split.train)
    rows = xgboost.QuantileDMatrix(
        features(split.train, split.train_codes)[learnt], split.train_purchase[learnt]
    )
    booster = xgboost.train(_PUBLIC_TREES | {"seed": seed % 2**31}, rows, _PUBLIC_ROUNDS)
    return booster.inplace_predict(features(split.test, split.test_codes))
