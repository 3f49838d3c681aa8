"""What sells to everyone and to a demographic group: the baseline, and the list of a newcomer."""

from dataclasses import dataclass

import numpy as np

from ml.recommendations.interactions import Interactions

__all__ = ["Popularity", "fit_popularity"]

# A group's rates count as much as those of this many customers at large (about a group's size).
_SHRINKAGE = 100.0


@dataclass(frozen=True)
class Popularity:
    """Rates at which products are bought.

    Attributes:
        overall: part of all customers who bought each product.
        groups: names of the demographic groups, ascending.
        by_group: groups x products, shrunk towards ``overall``.
    """

    overall: np.ndarray
    groups: np.ndarray
    by_group: np.ndarray

    def scores(self, groups: np.ndarray) -> np.ndarray:
        """Rates for customers of these groups; those of an unknown group get the overall ones."""
        rates = np.vstack([self.by_group, self.overall])
        place = np.searchsorted(self.groups, groups).clip(max=len(self.groups) - 1)
        return rates[np.where(self.groups[place] == groups, place, len(self.groups))]


def fit_popularity(train: Interactions) -> Popularity:
    """Count buyers in all and by demographic group."""
    bought = train.bought
    groups, members = np.unique(train.groups, return_inverse=True)
    overall = np.asarray(bought.mean(axis=0), dtype=np.float32).ravel()
    is_member = np.eye(len(groups), dtype=np.float32)[members]
    buyers = (bought.T @ is_member).T
    sizes = is_member.sum(axis=0)[:, None]
    by_group = (buyers + _SHRINKAGE * overall) / (sizes + _SHRINKAGE)
    return Popularity(overall, groups, by_group.astype(np.float32))
