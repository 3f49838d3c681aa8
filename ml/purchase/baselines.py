"""What the purchase model has to beat, on the same rows: means, scikit-learn, a public recipe."""

import numpy as np
import pandas as pd
import xgboost
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ml.purchase.data import ENCODED, PurchaseSplit
from ml.purchase.rows import EVENT_COLUMNS, Codes

__all__ = ["mart_features", "mean_baselines", "public_recipe", "sklearn_baselines"]

_PUBLIC_TREES = {
    "max_depth": 10,
    "learning_rate": 0.1,
    "colsample_bytree": 0.5,
    "objective": "reg:squarederror",
}
_PUBLIC_ROUNDS = 500


def mean_baselines(split: PurchaseSplit) -> dict[str, np.ndarray]:
    """The mean amounts of a test purchase's category and product in the training purchases."""
    return {
        "category_mean": split.test["category_mean_purchase"].to_numpy(),
        "product_mean": split.test["product_mean_purchase"].to_numpy(),
    }


def mart_features(rows: pd.DataFrame) -> np.ndarray:
    """The numeric columns of the training set, rows x columns, without ids."""
    numeric = [name for name in EVENT_COLUMNS if pd.api.types.is_numeric_dtype(rows[name])]
    columns = [*(name for name in numeric if name != "user_id"), *ENCODED]
    return rows[columns].fillna(0).to_numpy(dtype=float)


def sklearn_baselines(split: PurchaseSplit, seed: int) -> dict[str, np.ndarray]:
    """A linear model and boosted trees of scikit-learn on the encodings that dbt built."""
    train, test = mart_features(split.train), mart_features(split.test)
    models = {
        "sklearn_ridge": make_pipeline(StandardScaler(), Ridge()),
        "sklearn_boosting": HistGradientBoostingRegressor(random_state=seed % 2**31),
    }
    return {
        name: model.fit(train, split.train_purchase).predict(test) for name, model in models.items()
    }


def public_recipe(split: PurchaseSplit, seed: int) -> np.ndarray:
    """What the recipe that won in public expects: trees on codes, counts and product means."""

    def features(rows: pd.DataFrame, codes: Codes) -> np.ndarray:
        return np.column_stack(
            [
                codes.user,
                codes.product,
                codes.category,
                codes.second_category,
                codes.third_category,
                *codes.attributes.values(),
                rows["user_count"],
                rows["product_count"],
                rows["product_mean_purchase"],
            ]
        ).astype(np.float32)

    rows = xgboost.QuantileDMatrix(features(split.train, split.train_codes), split.train_purchase)
    booster = xgboost.train(_PUBLIC_TREES | {"seed": seed % 2**31}, rows, _PUBLIC_ROUNDS)
    return booster.inplace_predict(features(split.test, split.test_codes))
