"""A registered model is loaded and answers where this project is not on the path."""

import json
import subprocess
import sys
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
from purchase_sample import training_set

from lakehouse.settings import Settings
from ml import registry
from ml.purchase.champion import QUICK, encode_split, fit_champion
from ml.purchase.data import split_purchases
from ml.purchase.model import SIGNATURE
from ml.purchase.task import to_events
from ml.tracking import tracked_run

# Isolated: no folder of the project on the path, so that code comes with the model or not at all.
SERVE = """
import json, sys
import mlflow, pandas as pd
folder, rows = sys.argv[1:]
model = mlflow.pyfunc.load_model(folder)
answer = model.predict(pd.read_json(rows, dtype=False).astype({column: kind for column, kind in
    json.load(open(rows + ".types")).items()}))
import ml
print(json.dumps({"answer": answer["predicted_purchase"].tolist(), "code": ml.__file__}))
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict, np.ndarray]:
    """Folder of the model, what a process without the project says, and what this one says."""
    folder = tmp_path_factory.mktemp("served")
    settings = Settings(var_dir=folder, root="", _env_file=None)
    split = split_purchases(training_set()).selection
    model, _ = fit_champion(split, encode_split(split, QUICK, seed=1), QUICK, seed=1, trees=5)
    events = to_events(split.test.head(8))
    with tracked_run("purchase", settings):
        requirements = ["numpy", "pandas", "scipy", "xgboost"]
        version = registry.register("purchase_value", model, events, SIGNATURE, requirements)
    expected = registry.load_version("purchase_value", version, settings).predict(events)
    place = Path(mlflow.artifacts.download_artifacts(f"models:/purchase_value/{version}"))
    rows = folder / "rows.json"
    events.to_json(rows)
    kinds = {name: str(kind) for name, kind in events.dtypes.items() if kind.kind != "O"}
    rows.with_suffix(".json.types").write_text(json.dumps(kinds))
    ended = subprocess.run(
        [sys.executable, "-I", "-c", SERVE, str(place), str(rows)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    return place, json.loads(ended.stdout.splitlines()[-1]), expected["predicted_purchase"]


def test_it_answers_the_same_where_the_project_is_not_on_the_path(served):
    place, said, expected = served
    assert said["answer"] == pytest.approx(expected.tolist())
    assert Path(said["code"]).is_relative_to(place)


def test_it_names_its_requirements_with_versions_its_columns_and_an_example(served):
    place, _, _ = served
    pinned = (place / "requirements.txt").read_text().split()
    assert {line.partition("==")[0] for line in pinned} >= {"mlflow", "xgboost", "numpy"}
    assert all("==" in line for line in pinned)
    assert f"numpy=={np.__version__}" in pinned
    assert f"pandas=={pd.__version__}" in pinned
    model = mlflow.models.Model.load(place)
    assert model.signature == SIGNATURE
    assert model.saved_input_example_info is not None
