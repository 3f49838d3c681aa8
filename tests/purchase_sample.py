"""A small training set of purchases on a price ladder, as dbt would build it."""

import numpy as np
import pandas as pd

UNITS = np.array([2500.0, 4000.0, 1500.0])
FOLDS = 10


def training_set(count_users: int = 60, count_products: int = 40, seed: int = 1) -> pd.DataFrame:
    """Each row is one purchase; every encoding is the mean of the training rows.

    Customers and products have tastes, and each customer bought about half of the products.
    """
    generator = np.random.default_rng(seed)
    user, product = (places.ravel() for places in np.indices((count_users, count_products)))
    bought = generator.random(len(user)) < 0.5
    user, product = user[bought], product[bought]
    category = product % len(UNITS)
    taste = 3 + generator.normal(0, 0.6, count_users)[user]
    taste += generator.normal(0, 0.6, count_products)[product]
    step = np.clip(np.round(taste + generator.normal(0, 1, len(user))), 1, 5)
    purchase = UNITS[category] * (step + generator.uniform(0, 0.2, len(user)))
    rows = pd.DataFrame(
        {
            "event_id": [f"{number:032x}" for number in generator.permutation(len(user))],
            "user_id": (1_000_001 + user).astype("int32"),
            "product_id": [f"P{number:08d}" for number in product],
            "gender": np.where(user % 3 == 0, "F", "M"),
            "age": np.array(["18-25", "26-35", "55+"])[user % 3],
            "occupation": (user % 5).astype("int32"),
            "city_category": np.array(["A", "B", "C"])[user % 3],
            "stay_in_current_city_min_years": (user % 4).astype("int32"),
            "marital_status": (user % 2).astype("int32"),
            "product_category_1": (category + 1).astype("int32"),
            "product_category_2": np.where(product % 2, 8, 0).astype("int32"),
            "product_category_3": np.zeros(len(user), dtype="int32"),
            "purchase": np.maximum(purchase, 1).astype("int32"),
        }
    )
    bucket = generator.random(len(user))
    is_train = bucket < 0.7
    rows["split"] = np.select([is_train, bucket < 0.85], ["train", "validation"], "test")
    fold = pd.Series(generator.integers(0, FOLDS, len(user)), dtype="Int32")
    rows["fold"] = fold.where(is_train)
    rows["refit_fold"] = fold.where(bucket < 0.85)
    keys = {
        "category": ["product_category_1"],
        "categories": ["product_category_1", "product_category_2"],
        "product": ["product_id"],
        "user": ["user_id"],
        "user_category": ["user_id", "product_category_1"],
    }
    train = rows[is_train]
    for name, columns in keys.items():
        known = train.groupby(columns)["purchase"].agg(["mean", "count"])
        found = known.reindex(
            pd.MultiIndex.from_frame(rows[columns]) if len(columns) > 1 else rows[columns[0]]
        )
        rows[f"{name}_mean_purchase"] = found["mean"].fillna(train["purchase"].mean()).to_numpy()
        rows[f"{name}_count"] = found["count"].fillna(0).astype("int64").to_numpy()
    return rows.sort_values("event_id").reset_index(drop=True)
