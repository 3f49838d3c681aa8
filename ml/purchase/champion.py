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
    "Described",
    "champion_params",
    "describe_split",
    "fit_champion",
]


@dataclass(frozen=True)
class ChampionBudget:
    """How much the purchase model may compute.

    Attributes:
        encoder: of the encoders.
        trees: most boosted trees; fewer where more of them do not help a fold left out.
        learning_rate: of the trees.
    """

    encoder: EncoderBudget
    trees: int
    learning_rate: float

    @property
    def patience(self) -> int:
        """Trees after which the fold left out must have been served better."""
        return max(self.trees // 10, 5)


FULL = ChampionBudget(EncoderBudget(FactorisationBudget(rounds=90), folds=10), 500, 0.05)
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
class Described:
    """Training and test rows as the trees see them.

    Attributes:
        names: of the features.
        encoder: fitted on all training rows.
        train_base: steps that the base expects of the training rows, out of fold.
        train_features: their features, out of fold.
        train_weight: weight of each training row: an error in steps costs what its unit is worth.
        test_base: steps that the base expects of the test rows.
        test_features: their features.
    """

    names: list[str]
    encoder: Encoder
    train_base: np.ndarray
    train_features: np.ndarray
    train_weight: np.ndarray
    test_base: np.ndarray
    test_features: np.ndarray


def describe_split(split: PurchaseSplit, budget: ChampionBudget, seed: int) -> Described:
    """Encode training rows out of fold, and test rows by the encoder of all training rows."""

    def fit(codes: Codes, steps: np.ndarray, number: int) -> Encoder:
        return Encoder.fit(codes, steps, split.vocabulary, budget.encoder, seed + number)

    codes, steps, folds = split.train_codes, split.train_steps, budget.encoder.folds
    fold = split.train["fold"].to_numpy(dtype=int)
    train_base, train_features, names = out_of_fold(codes, steps, fold, fit, folds)
    encoder = fit(codes, steps, folds)
    test_base, test_features, _ = encoder.describe(split.test_codes)
    units = split.units.units[codes.category]
    return Described(
        names,
        encoder,
        train_base,
        train_features,
        units / units.mean(),
        test_base,
        test_features,
    )


def fit_champion(
    split: PurchaseSplit, described: Described, budget: ChampionBudget, seed: int
) -> tuple[PurchaseModel, pd.DataFrame]:
    """Boosted trees on what the base leaves of the training rows.

    Returns:
        The model, and its features by importance (``feature``, ``gain``: part of the gain).
    """
    rest = split.train_steps - described.train_base
    settings = _TREES | {"learning_rate": budget.learning_rate, "seed": seed % 2**31}
    left_out = split.train["fold"].to_numpy(dtype=int) == 0
    trees = _count_trees(described, rest, left_out, settings, budget)
    booster = xgboost.train(settings, _rows(described, rest, ...), trees)
    gains = pd.Series(booster.get_score(importance_type="total_gain"), dtype=float)
    gains = gains.reindex(described.names).fillna(0.0)
    importances = (gains / max(gains.sum(), 1e-12)).sort_values(ascending=False)
    model = PurchaseModel(split.vocabulary, split.units, described.encoder, booster)
    booster.feature_names = None
    return model, importances.rename_axis("feature").rename("gain").reset_index()


def champion_params(model: PurchaseModel, budget: ChampionBudget) -> dict[str, float | str]:
    """What a model was fitted with, for its run.

    Returns:
        ``trees`` as chosen on the fold left out, and what was set: limits and penalties of the
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
        "encoder_positions": budget.encoder.positions,
        "factors_rank": factors.rank,
        "gibbs_burn_in": factors.burn_in,
        "gibbs_rounds": factors.rounds,
        "gibbs_keep_every": factors.keep_every,
    }


def _rows(
    described: Described, rest: np.ndarray, which: Any, ref: xgboost.DMatrix | None = None
) -> xgboost.QuantileDMatrix:
    return xgboost.QuantileDMatrix(
        described.train_features[which],
        rest[which],
        weight=described.train_weight[which],
        feature_names=described.names,
        ref=ref,
    )


def _count_trees(
    described: Described,
    rest: np.ndarray,
    left_out: np.ndarray,
    settings: dict[str, Any],
    budget: ChampionBudget,
) -> int:
    """How many trees serve training rows best that the trees did not see."""
    if not left_out.any() or left_out.all():
        return budget.trees
    seen = _rows(described, rest, ~left_out)
    search = xgboost.train(
        settings,
        seen,
        budget.trees,
        evals=[(_rows(described, rest, left_out, ref=seen), "left_out")],
        early_stopping_rounds=budget.patience,
        verbose_eval=False,
    )
    return search.best_iteration + 1
