"""The registry of models: versions, which of them is in use, and the way back.

The version in use has the alias ``champion``. Models are pickles, so they are loaded by the names
below from the project's own store only, never from a path or a URI that somebody passes in.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version as version_of

import mlflow
import pandas as pd
from filelock import FileLock, Timeout
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature
from mlflow.protos.databricks_pb2 import (
    INVALID_PARAMETER_VALUE,
    RESOURCE_DOES_NOT_EXIST,
    ErrorCode,
)
from mlflow.pyfunc import PyFuncModel, PythonModel

from lakehouse.errors import LakehouseError, ModelError
from lakehouse.settings import PROJECT_DIR, Settings
from ml.tables import Provenance
from ml.tracking import mlflow_errors, use_tracking, without_secrets

__all__ = [
    "ALIAS",
    "REGISTERED_NAMES",
    "Champion",
    "alias_moved",
    "champion_version",
    "check_name",
    "is_quick",
    "load_champion",
    "load_version",
    "previous_version",
    "promote",
    "promoted",
    "register",
    "usage_lock",
]

ALIAS = "champion"
# Packages of this project that models are made of.
_CODE = ("ml", "lakehouse")
REGISTERED_NAMES = (
    "purchase_value",
    "customer_segments",
    "product_recommendations",
    "high_value_customers",
)

# The champion that a version replaced, kept on the version for the way back.
_PREVIOUS = "previous_champion"
_PROMOTED_AT = "promoted_at"
# Longer than scoring all tables of a task takes on two cores, a few minutes at most.
_LOCK_SECONDS = 900
# How MLflow tells that a model is not registered, and that it has no such alias.
_NO_CHAMPION = {ErrorCode.Name(code) for code in (RESOURCE_DOES_NOT_EXIST, INVALID_PARAMETER_VALUE)}


@dataclass(frozen=True)
class Champion:
    """A loaded version of a registered model.

    Attributes:
        name: registered name.
        version: in the registry.
        run_id: MLflow run that trained it.
        model: answers ``predict(frame)``; its columns stand in ``model.metadata.signature``.
    """

    name: str
    version: int
    run_id: str
    model: PyFuncModel

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """What the model answers to rows of its input columns."""
        return self.model.predict(frame)

    def provenance(self, data_kind: str) -> Provenance:
        """Where rows come from that this version predicts now.

        Args:
            data_kind: of the rows: 'real' or 'synthetic'.
        """
        return Provenance.now(self.name, self.version, self.run_id, data_kind)


def register(
    name: str,
    model: PythonModel,
    example: pd.DataFrame,
    signature: ModelSignature,
    requirements: list[str],
) -> int:
    """Log a model to the active run and register it as a new version, which is not yet in use.

    Args:
        name: one of :data:`REGISTERED_NAMES`.
        model: everything it needs inside.
        example: a few input rows.
        signature: columns in and out.
        requirements: packages that it needs, without versions: those of this training are noted.
    """
    info = mlflow.pyfunc.log_model(
        name="model",
        python_model=model,
        input_example=example,
        signature=signature,
        # A model is loaded where this project is not: it brings its code and names what it needs.
        code_paths=[str(PROJECT_DIR / package) for package in _CODE],
        pip_requirements=[f"{name}=={version_of(name)}" for name in (*requirements, "mlflow")],
        registered_model_name=check_name(name),
    )
    return int(info.registered_model_version)


def load_version(name: str, version: int, settings: Settings) -> Champion:
    """Load one version of a registered model.

    Raises:
        ModelError: there is no such version, or it cannot be loaded.
    """
    try:
        found = use_tracking(settings).get_model_version(check_name(name), str(version))
        model = mlflow.pyfunc.load_model(f"models:/{name}/{version}")
    except LakehouseError:
        raise
    except Exception as error:  # of the store, or of unpickling what older code has written
        raise ModelError(
            f"Version {version} of model {name} cannot be loaded: {without_secrets(str(error))}. "
            f"If it is the champion and that lasts, take another version into use with "
            f"`python -m ml promote {name} VERSION`; `make mlflow` lists them"
        ) from error
    return Champion(name, version, found.run_id, model)


def champion_version(name: str, settings: Settings) -> int | None:
    """The version that is in use; None if none is.

    Raises:
        ModelError: the registry does not answer.
    """
    with mlflow_errors(settings):
        client = use_tracking(settings)
        try:
            return int(client.get_model_version_by_alias(check_name(name), ALIAS).version)
        except MlflowException as error:
            if error.error_code in _NO_CHAMPION:
                return None
            raise


def load_champion(name: str, settings: Settings) -> Champion:
    """Load the version of a model that is in use.

    Raises:
        ModelError: the name is not one of ours, no version is in use, it cannot be loaded, or the
            registry does not answer.
    """
    version = champion_version(name, settings)
    if version is None:
        raise ModelError(
            f"Model {name} has no champion in {without_secrets(settings.tracking_uri)}. "
            "Run `make train` first"
        )
    return load_version(name, version, settings)


def promote(name: str, version: int, settings: Settings) -> int | None:
    """Take a version into use and note which one it replaces.

    Returns:
        The version that was in use before; None if none was.

    Raises:
        ModelError: the registry does not answer.
    """
    previous = champion_version(name, settings)
    with mlflow_errors(settings):
        client = use_tracking(settings)
        if previous is not None and previous != version:
            client.set_model_version_tag(name, str(version), _PREVIOUS, str(previous))
        now = datetime.now(UTC).isoformat()
        client.set_model_version_tag(name, str(version), _PROMOTED_AT, now)
        client.set_registered_model_alias(name, ALIAS, str(version))
    return previous


@contextmanager
def usage_lock(name: str, settings: Settings) -> Iterator[None]:
    """Keep others of this machine from changing or scoring with the champion meanwhile.

    Raises:
        ModelError: somebody else holds the lock for longer than a scoring takes.
    """
    folder = settings.var_dir / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / f"model-{check_name(name)}.lock", timeout=_LOCK_SECONDS)
    try:
        with lock:
            yield
    except Timeout as error:
        raise ModelError(
            f"Model {name} is being promoted, rolled back or scored by another process, for more "
            f"than {_LOCK_SECONDS} s. Try again when that has ended"
        ) from error


@contextmanager
def promoted(name: str, version: int, settings: Settings) -> Iterator[None]:
    """Promote a version, and take that back if an error leaves the block.

    What depends on the promotion is written inside: an alias can be set back, a table that is
    half-way written cannot. Only a process that is killed in between leaves a champion without its
    predictions, which `python -m ml score` writes.

    Raises:
        ModelError: the registry does not answer.
    """
    previous = promote(name, version, settings)
    with _alias_kept(name, previous, settings):
        yield


@contextmanager
def alias_moved(name: str, version: int, settings: Settings) -> Iterator[None]:
    """Give the alias to a version that had it before, and take that back if an error occurs.

    Unlike :func:`promoted` it leaves the version's own way back as it is.

    Raises:
        ModelError: the registry does not answer.
    """
    current = champion_version(name, settings)
    with mlflow_errors(settings):
        use_tracking(settings).set_registered_model_alias(name, ALIAS, str(version))
    with _alias_kept(name, current, settings):
        yield


@contextmanager
def _alias_kept(name: str, previous: int | None, settings: Settings) -> Iterator[None]:
    try:
        yield
    except BaseException:
        with mlflow_errors(settings):
            client = use_tracking(settings)
            if previous is None:
                client.delete_registered_model_alias(name, ALIAS)
            else:
                client.set_registered_model_alias(name, ALIAS, str(previous))
        raise


def previous_version(name: str, settings: Settings) -> int:
    """The version that the champion replaced.

    Raises:
        ModelError: there is no champion, it replaced none, or the registry does not answer.
    """
    current = champion_version(name, settings)
    if current is None:
        raise ModelError(f"Model {name} has no champion, so there is nothing to go back from")
    with mlflow_errors(settings):
        client = use_tracking(settings)
        previous = client.get_model_version(name, str(current)).tags.get(_PREVIOUS)
    if previous is None:
        raise ModelError(
            f"Version {current} of model {name} is its first champion, so there is nothing to "
            "go back to; `python -m ml train` makes versions that may replace it"
        )
    return int(previous)


def is_quick(name: str, version: int, settings: Settings) -> bool:
    """Whether the run that trained a version had the smaller budget.

    Raises:
        ModelError: there is no such version, or the registry does not answer.
    """
    with mlflow_errors(settings):
        client = use_tracking(settings)
        run_id = client.get_model_version(check_name(name), str(version)).run_id
        return client.get_run(run_id).data.tags.get("is_quick") == "true"


def check_name(name: str) -> str:
    """The name, if it is one of ours.

    Raises:
        ModelError: it is not.
    """
    if name not in REGISTERED_NAMES:
        raise ModelError(f"{name!r} is no model of ours; there are: {', '.join(REGISTERED_NAMES)}")
    return name
