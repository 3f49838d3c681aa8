"""The base by itself: biases and latent factors, fitted on some purchases and asked of others."""

import numpy as np
import pandas as pd

from ml.purchase.biases import Biases, PriceUnits
from ml.purchase.factorisation import Factorisation, FactorisationBudget
from ml.purchase.rows import Vocabulary

__all__ = ["forecast_by_base"]


def forecast_by_base(
    known: pd.DataFrame, asked: pd.DataFrame, budget: FactorisationBudget, seed: int
) -> np.ndarray:
    """What the base, fitted on known purchases, expects others to amount to, in currency units.

    Args:
        known: purchases with :data:`ml.purchase.rows.EVENT_COLUMNS` and ``purchase``.
        asked: purchases with :data:`ml.purchase.rows.EVENT_COLUMNS`; customers and products that
            are not among the known ones add nothing of their own.
        budget: of the latent factors.
        seed: of their sampling.
    """
    vocabulary = Vocabulary.of(known)
    codes, questions = vocabulary.encode(known), vocabulary.encode(asked)
    amounts = known["purchase"].to_numpy(dtype=float)
    units = PriceUnits.fit(codes.category, amounts)
    levels = units.to_levels(codes.category, amounts)
    biases = Biases.fit(codes, levels, vocabulary)
    factors = Factorisation.fit(
        codes.user,
        codes.product,
        levels - biases.predict(codes),
        (vocabulary.user_count, vocabulary.product_count),
        budget,
        seed,
    )
    expected = biases.predict(questions) + factors.predict(questions.user, questions.product)
    return units.to_purchase(questions.category, expected)
