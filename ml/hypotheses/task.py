"""The task `hypotheses`: load, ask, judge; there is no model, the findings are the predictions."""

import pandas as pd
import pyarrow as pa

from ml.hypotheses.data import FACTORS, HypothesesData, load_data
from ml.hypotheses.groups import pairwise, usable
from ml.hypotheses.plan import (
    MAIN_TESTS,
    ask_all,
    overall_sentences,
    strongest_pattern,
    supported_patterns,
)
from ml.hypotheses.report import effects_figure, groups_figure, render
from ml.hypotheses.rows import as_frame
from ml.task import Evaluation, Metric, Task, TaskContext

__all__ = ["HypothesesTask"]

# Enough for a p-value of 0.001 to survive the correction over two dozen hypotheses, and a look.
_SAMPLES, _QUICK_SAMPLES = 1999, 199


class HypothesesTask(Task[HypothesesData, HypothesesData, pd.DataFrame]):
    """Statistical tests of demographic patterns, on customers."""

    name = "hypotheses"
    title = "Demographic patterns"
    registered_name = None
    main_input = "features.customer_features"

    def load(self, context: TaskContext) -> HypothesesData:
        """Read customers and purchases."""
        return load_data(context.inputs)

    def split(self, data: HypothesesData, context: TaskContext) -> HypothesesData:
        """Nothing is predicted, so nothing is held back."""
        return data

    def fit(self, split: HypothesesData, context: TaskContext) -> pd.DataFrame:
        """All tests, as rows of ``predictions.hypothesis_tests``."""
        samples = _QUICK_SAMPLES if context.is_quick else _SAMPLES
        return as_frame(ask_all(split, context.seed, samples=samples))

    def evaluate(
        self, fitted: pd.DataFrame, split: HypothesesData, context: TaskContext
    ) -> Evaluation:
        """Verdicts, effects with intervals, and the page to read."""
        main = fitted[fitted["p_value_holm"].notna()]
        sentences = overall_sentences(fitted)
        supported = int((main["verdict"] == "supported").sum())
        patterns = supported_patterns(fitted)
        top = strongest_pattern(patterns)
        strongest = 0.0 if top is None else float(top["effect_size"])
        pairs = pd.concat(
            [_pairs(split.customers, factor) for factor in FACTORS], ignore_index=True
        )
        return Evaluation(
            metrics=(
                *(
                    Metric(
                        f"{row.hypothesis_id}_effect",
                        row.effect_size,
                        row.effect_low,
                        row.effect_high,
                    )
                    for row in main.itertuples()
                ),
                Metric("hypotheses_supported", supported),
                Metric("demographic_patterns_supported", len(patterns)),
                Metric("strongest_supported_eta_squared", strongest),
            ),
            results={
                "hypotheses_tested": len(main),
                "hypotheses_supported": supported,
                "hypotheses_strongest_eta_squared": strongest,
            },
            params={"customers": len(split.customers), "main_tests": ", ".join(MAIN_TESTS)},
            conclusions=tuple(sentences),
            limits=(
                "The customers are those of one shop's weekend; nobody drew them at random.",
                "The groups are found, not dealt: a difference does not say what brings it about.",
            ),
            figures={
                "effects.png": effects_figure(fitted, context.data_kind),
                "groups.png": groups_figure(split, context.data_kind),
            },
            tables={"tests.csv": fitted, "pairs.csv": pairs},
        )

    def score(
        self, model: pd.DataFrame, data: HypothesesData, context: TaskContext
    ) -> dict[str, pa.Table]:
        """The tests; beside the table, the same as a page with plots under var/results."""
        folder = context.settings.var_dir / "results" / "hypotheses"
        folder.mkdir(parents=True, exist_ok=True)
        page = render(model, overall_sentences(model), context.data_kind)
        plots = {"effects": effects_figure, "groups": groups_figure}
        for name, subject in (("effects", model), ("groups", data)):
            plots[name](subject, context.data_kind).savefig(folder / f"{name}.png", dpi=110)
            page += f"\n![{name}]({name}.png)\n"
        (folder / "README.md").write_text(page)
        return {"hypothesis_tests": pa.Table.from_pandas(model, preserve_index=False)}


def _pairs(customers: pd.DataFrame, factor: str) -> pd.DataFrame:
    values, labels, names = usable(customers, "mean_purchase", factor)
    if len(names) < 2:
        return pd.DataFrame()
    return pairwise(values, labels, names).assign(factor=factor)
