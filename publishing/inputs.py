"""What presentation and report read: tables by path, and the flat figures of the runs."""

import json
from typing import Any

import pandas as pd

from lakehouse.errors import TableError
from lakehouse.publish.record import PublishedTables
from lakehouse.settings import Settings
from lakehouse.tables import TableName

__all__ = ["READS", "Inputs", "NotThere"]

READS = {
    "marts.load_audit": (
        *("data_kind", "count_in_file", "count_accepted", "count_rejected", "count_duplicates"),
    ),
    "marts.dim_customers": ("gender", "age", "city_category", "count_purchases", "sum_purchase"),
    "marts.dim_products": ("sum_purchase",),
    "marts.dim_product_categories": (
        *("product_category_1", "share_of_sales", "mean_purchase", "count_products"),
    ),
    "marts.customer_lifetime_value": ("value_tier", "assumed_lifetime_value", "sum_purchase"),
    "marts.price_sensitivity_by_segment": ("segment_attribute", "segment_value", "price_index"),
    "marts.campaign_lift_simulation": (
        *("value_decile", "scenario", "assumed_lift", "assumed_profit", "break_even_lift"),
    ),
    "marts.product_demand": ("abc_class", "sum_purchase"),
    "marts.churn_early_warning": ("simulated_churn_risk", "simulated_sales_at_risk"),
    "marts.revenue_forecast": (
        *("simulated_hour_at", "kind", "sum_purchase", "simulated_forecast"),
        "simulated_backtest_error_share",
    ),
    "predictions.segments": ("segment_id", "segment_name", "recommended_action", "data_kind"),
    "predictions.customer_segments": ("user_id", "segment_id", "segment_name", "data_kind"),
    "predictions.product_recommendations": ("user_id", "product_id", "is_fallback", "data_kind"),
    "predictions.high_value_customers": ("is_predicted_high_value", "data_kind"),
    "predictions.hypothesis_tests": (
        *("hypothesis_id", "hypothesis", "effect_size_name", "effect_size"),
        *("verdict", "plain_words", "data_kind"),
    ),
}
"""Table -> the columns that are read of it."""

_COMMANDS = {"marts": "make build", "predictions": "make train"}


class NotThere(Exception):  # noqa: N818  (an absence that is published, no failure)
    """A table or figure that a finding rests on is not there yet."""

    def __init__(self, what: str, command: str) -> None:
        super().__init__(f"{what} is not there yet: run `{command}`")
        self.what = what
        self.command = command


class Inputs:
    """Reads of one lakehouse, all of one published state.

    Args:
        settings: the project's settings.

    Raises:
        TableError: nothing is built, so that there is nothing to publish.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._published = PublishedTables(settings)
        self.data_kinds: list[str] = []
        try:
            kinds = self.table("marts.load_audit")["data_kind"]
        except NotThere:
            raise TableError("There is nothing to publish yet. Run `make build` first") from None
        self.data_kinds = sorted(kinds.unique())

    def table(self, name: str) -> pd.DataFrame:
        """The columns of ``READS`` of a table.

        Raises:
            NotThere: the table is missing, has no rows, or has rows of another kind of data.
        """
        table_name = TableName.parse(name)
        missing = NotThere(f"`{name}`", _COMMANDS[table_name.schema])
        try:
            table = self._published.open(table_name)
        except TableError:
            raise missing from None
        frame = table.to_pandas(columns=list(READS[name]))
        is_foreign = (
            self.data_kinds and not frame.get("data_kind", pd.Series()).isin(self.data_kinds).all()
        )
        if frame.empty or is_foreign:
            raise missing
        return frame

    def figures(self, *keys: str) -> dict[str, float]:
        """Figures of the models, from ``var/results/ml.json``, measured on this kind of data.

        Raises:
            NotThere: one of them is missing, or was measured on another kind of data.
        """
        found = self._results()
        if all(key in found for key in keys):
            return {key: found[key] for key in keys}
        raise NotThere("a figure in `results/ml.json`", _COMMANDS["predictions"])

    def budget(self, task: str) -> tuple[str, ...]:
        """A sentence if the figures of a task are of a quick training, nothing otherwise."""
        if not self._results().get(f"{task}_is_quick"):
            return ()
        return ("These figures are of a quick training with a small budget: train in earnest.",)

    def _results(self) -> dict[str, Any]:
        path = self._settings.var_dir / "results" / "ml.json"
        found = json.loads(path.read_text()) if path.exists() else {}
        return found if found.get("data") in self.data_kinds else {}
