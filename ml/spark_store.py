"""Fitted Spark pipelines, kept as plain Spark and, inside a run, in MLflow."""

import mlflow
from mlflow.exceptions import MlflowException
from pyspark.errors import PySparkException
from pyspark.ml import PipelineModel

from lakehouse.errors import ModelError
from lakehouse.settings import Settings
from lakehouse.storage import join, names_in
from ml.tracking import use_tracking

__all__ = ["load_logged_pipeline", "load_pipeline", "save_pipeline"]


def _path(name: str, settings: Settings) -> str:
    # Executors of other machines write parts of a pipeline and read them again.
    if settings.is_root_here:
        return str(settings.var_dir / "models" / "spark" / name)
    return join(settings.lakehouse_root, "_models", "spark", name)


def _scratch(settings: Settings) -> str:
    """Where MLflow's copies pass through, for driver and executors alike."""
    if not settings.is_root_here:
        return join(settings.lakehouse_root, "_scratch", "mlflow")
    folder = settings.var_dir / "tmp" / "mlflow"
    folder.mkdir(parents=True, exist_ok=True)
    return str(folder)


def save_pipeline(model: PipelineModel, name: str, settings: Settings) -> str:
    """Keep a pipeline at ``<var_dir>/models/spark/<name>``, and in the active run if there is one.

    Where the tables are in an object store, it is at ``<root>/_models/spark/<name>``.

    Returns:
        The path.
    """
    path = _path(name, settings)
    model.write().overwrite().save(path)
    if mlflow.active_run() is not None:
        mlflow.spark.log_model(
            model,
            artifact_path=name,
            dfs_tmpdir=_scratch(settings),
            pip_requirements=["pyspark"],
        )
    return path


def load_pipeline(name: str, settings: Settings) -> PipelineModel:
    """The pipeline that was last kept under a name; needs a running Spark session.

    Raises:
        ModelError: there is none.
    """
    path = _path(name, settings)
    if not names_in(path):
        raise ModelError(f"There is no Spark pipeline in {path}. Run `make train` first")
    return PipelineModel.load(path)


def load_logged_pipeline(run_id: str, name: str, settings: Settings) -> PipelineModel:
    """The pipeline that a run logged under a name; needs a running Spark session.

    Raises:
        ModelError: the run has none.
    """
    use_tracking(settings)
    try:
        return mlflow.spark.load_model(f"runs:/{run_id}/{name}", dfs_tmpdir=_scratch(settings))
    except (MlflowException, OSError, PySparkException) as error:
        raise ModelError(f"Run {run_id!r} has no Spark pipeline {name!r}") from error
