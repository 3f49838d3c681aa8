"""The whole task on small marts, MLlib included."""

import pytest
from marts_for_models import context, settings_in, write_marts

from ml.high_value.task import HighValueTask


def test_the_task_judges_every_model_out_of_fold(tmp_path, spark):
    settings = settings_in(tmp_path)
    write_marts(settings)
    ready = context(settings)
    ready.__dict__["spark"] = spark
    task = HighValueTask()
    data = task.load(ready)
    split = task.split(data, ready)
    fitted = task.fit(split, ready)
    found = task.evaluate(fitted, split, ready)
    areas = {m.name: m.value for m in found.metrics if m.name.endswith("roc_auc")}
    assert areas["roc_auc"] > 0.75
    # The same loss on the same columns: the two differ by their regularisation alone.
    assert areas["mllib_logistic_roc_auc"] == pytest.approx(
        areas["sklearn_logistic_roc_auc"], abs=0.05
    )
    assert found.results["high_value_roc_auc"] == areas["roc_auc"]
    trees = fitted.models[0].named_steps["classify"].named_estimators_["trees"].get_params()
    assert {name: found.params[f"trees_{name}"] for name in ("max_depth", "reg_lambda")} == {
        name: trees[name] for name in ("max_depth", "reg_lambda")
    }
    assert found.params["linear_C"] == 0.05
    assert found.params["folds"] == len(split.folds)
    by_name = {metric.name: metric for metric in found.metrics}
    for name in ("roc_auc", "pr_auc", "brier"):
        assert by_name[name].low < by_name[name].value < by_name[name].high
    package = task.package(fitted, split, ready)
    out_of_fold = fitted.answers["champion"]
    assert package.model.predict(None, data.customers)["probability"].to_numpy() == pytest.approx(
        out_of_fold
    )
