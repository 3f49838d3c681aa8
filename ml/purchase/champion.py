"""Fitting the purchase model: encoders out of fold, then boosted trees on what the base leaves."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xgboost

from ml.purchase.data import PurchaseSplit
from ml.purchase.encoder import Encoder, EncoderBudget, out_of_fold
from ml.purchase.factorisation import FactorisationBudget
from ml.purchase.model import PurchaseModel
from ml.purchase.rows import Codes

__all__ = [
    "FULL",
    "QUICK",
    "ChampionBudget",
    "EncodedSplit",
    "champion_params",
    "encode_split",
    "fit_champion",
]


@dataclass(frozen=True)
class ChampionBudget:
    """How much the purchase model may compute.

    Attributes:
        encoder: of the encoders.
        trees: most boosted trees; fewer where more of them do not help the validation rows.
        learning_rate: of the trees.
    """

    encoder: EncoderBudget
    trees: int
    learning_rate: float

    @property
    def patience(self) -> int:
        """Trees after which the validation rows must have been served better."""
        return max(self.trees // 40, 5)


FULL = ChampionBudget(EncoderBudget(FactorisationBudget(rounds=90), folds=10), 2000, 0.05)
QUICK = ChampionBudget(
    EncoderBudget(FactorisationBudget(burn_in=8, rounds=16, keep_every=2), folds=3), 100, 0.15
)

# As an exploration of the real data found them: many weak trees, each on a third of the features.
_TREES = {
    "max_depth": 8,
    "min_child_weight": 50.0,
    "colsample_bynode": 0.3,
    "reg_lambda": 30.0,
    "objective": "reg:squarederror",
}


@dataclass(frozen=True)
class EncodedSplit:
    """Training and test rows as the trees see them.

    Attributes:
        names: of the features.
        encoder: fitted on all training rows.
        train_base: levels that the base expects of the training rows, out of fold.
        train_features: their features, out of fold.
        train_weight: weight of each training row: the square of its unit, as what counts is the
            square of an error in currency.
        test_base: levels that the base expects of the test rows.
        test_features: their features.
    """

    names: list[str]
    encoder: Encoder
    train_base: np.ndarray
    train_features: np.ndarray
    train_weight: np.ndarray
    test_base: np.ndarray
    test_features: np.ndarray


def encode_split(split: PurchaseSplit, budget: ChampionBudget, seed: int) -> EncodedSplit:
    """Encode training rows out of fold, and test rows by the encoder of all training rows."""

    def fit(codes: Codes, levels: np.ndarray, number: int) -> Encoder:
        return Encoder.fit(codes, levels, split.vocabulary, budget.encoder, seed + number)

    codes, levels, folds = split.train_codes, split.train_levels, budget.encoder.folds
    fold = split.train["fold"].to_numpy(dtype=int)
    train_base, train_features, names = out_of_fold(codes, levels, fold, fit, folds)
    encoder = fit(codes, levels, folds)
    test_base, test_features, _ = encoder.transform(split.test_codes)
    squares = np.square(split.units.units[codes.category])
    return EncodedSplit(
        names,
        encoder,
        train_base,
        train_features,
        squares / squares.mean(),
        test_base,
        test_features,
    )


def fit_champion(
    split: PurchaseSplit,
    encoded: EncodedSplit,
    budget: ChampionBudget,
    seed: int,
    trees: int | None = None,
) -> tuple[PurchaseModel, pd.DataFrame]:
    """Boosted trees on what the base leaves of the rows to learn from.

    Args:
        split: rows to learn from and, to choose the number of trees, rows to be measured on.
        encoded: the same as features.
        budget: how much to compute.
        seed: of the trees.
        trees: how many, where that was chosen before; None to choose it here. A split whose other
            rows are the test must not choose.

    Returns:
        The model, and its features by importance (``feature``, ``gain``: part of the gain).
    """
    settings = _TREES | {"learning_rate": budget.learning_rate, "seed": seed % 2**31}
    train = xgboost.QuantileDMatrix(
        encoded.train_features,
        split.train_levels - encoded.train_base,
        weight=encoded.train_weight,
        feature_names=encoded.names,
    )
    if trees is None:
        trees = _count_trees(split, encoded, train, settings, budget)
    booster = xgboost.train(settings, train, trees)
    gains = pd.Series(booster.get_score(importance_type="total_gain"), dtype=float)
    gains = gains.reindex(encoded.names).fillna(0.0)
    importances = (gains / max(gains.sum(), 1e-12)).sort_values(ascending=False)
    model = PurchaseModel(split.vocabulary, split.units, encoded.encoder, booster)
    booster.feature_names = None
    return model, importances.rename_axis("feature").rename("gain").reset_index()


def champion_params(model: PurchaseModel, budget: ChampionBudget) -> dict[str, float | str]:
    """What a model was fitted with, for its run.

    Returns:
        ``trees`` as chosen on the validation rows, and what was set: limits and penalties of the
        trees, and the budget of the encoders with the rounds of their Gibbs sampling.
    """
    factors = budget.encoder.factorisation
    return {
        "trees": model.count_trees,
        "most_trees": budget.trees,
        "early_stopping_rounds": budget.patience,
        "learning_rate": budget.learning_rate,
        **_TREES,
        "encoder_folds": budget.encoder.folds,
        "encoder_embedding": budget.encoder.embedding,
        "factors_rank": factors.rank,
        "gibbs_burn_in": factors.burn_in,
        "gibbs_rounds": factors.rounds,
        "gibbs_keep_every": factors.keep_every,
    }


def _count_trees(
    split: PurchaseSplit,
    encoded: EncodedSplit,
    train: xgboost.QuantileDMatrix,
    settings: dict[str, Any],
    budget: ChampionBudget,
) -> int:
    """How many trees serve the rows to be measured on best."""
    units = split.units.units[split.test_codes.category]
    levels = split.units.to_levels(split.test_codes.category, split.test_purchase)
    measured = xgboost.QuantileDMatrix(
        encoded.test_features,
        levels - encoded.test_base,
        weight=np.square(units) / np.square(units).mean(),
        feature_names=encoded.names,
        ref=train,
    )
    search = xgboost.train(
        settings,
        train,
        budget.trees,
        evals=[(measured, "validation")],
        early_stopping_rounds=budget.patience,
        verbose_eval=False,
    )
    return search.best_iteration + 1
