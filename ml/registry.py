"""The registry of models: versions, which of them is in use, and the way back.

The version in use has the alias ``champion``. Models are pickles, so they are loaded by the names
below from the project's own store only, never from a path or a URI that somebody passes in.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import mlflow
import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature
from mlflow.protos.databricks_pb2 import (
    INVALID_PARAMETER_VALUE,
    RESOURCE_DOES_NOT_EXIST,
    ErrorCode,
)
from mlflow.pyfunc import PyFuncModel, PythonModel

from lakehouse.errors import LakehouseError, ModelError
from lakehouse.settings import Settings
from ml.tables import Provenance
from ml.tracking import mlflow_errors, use_tracking, without_secrets

__all__ = [
    "ALIAS",
    "REGISTERED_NAMES",
    "Champion",
    "champion_version",
    "load_champion",
    "load_version",
    "promote",
    "promoted",
    "register",
    "roll_back",
]

ALIAS = "champion"
REGISTERED_NAMES = (
    "purchase_value",
    "customer_segments",
    "product_recommendations",
    "high_value_customers",
)

# The champion that a version replaced, kept on the version for the way back.
_PREVIOUS = "previous_champion"
_PROMOTED_AT = "promoted_at"
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
        requirements: packages that it needs, as pip writes them.
    """
    info = mlflow.pyfunc.log_model(
        name="model",
        python_model=model,
        input_example=example,
        signature=signature,
        pip_requirements=requirements,
        registered_model_name=_known(name),
    )
    return int(info.registered_model_version)


def load_version(name: str, version: int, settings: Settings) -> Champion:
    """Load one version of a registered model.

    Raises:
        ModelError: there is no such version, or it cannot be loaded.
    """
    try:
        found = use_tracking(settings).get_model_version(_known(name), str(version))
        model = mlflow.pyfunc.load_model(f"models:/{name}/{version}")
    except LakehouseError:
        raise
    except Exception as error:  # of the store, or of unpickling what older code has written
        raise ModelError(
            f"Version {version} of model {name} cannot be loaded: {without_secrets(str(error))}. "
            f"If that lasts, go back with `python -m ml.rollback {name}`, or take the alias "
            f"{ALIAS!r} from it in `make mlflow`; then train again"
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
            return int(client.get_model_version_by_alias(_known(name), ALIAS).version)
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
def promoted(name: str, version: int, settings: Settings) -> Iterator[None]:
    """Promote a version, and take that back if an error leaves the block.

    What depends on the promotion is written inside: an alias can be set back, a table that is
    half-way written cannot. Only a process that is killed in between leaves a champion without its
    predictions, which `python -m ml.score` writes.

    Raises:
        ModelError: the registry does not answer.
    """
    previous = promote(name, version, settings)
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


def roll_back(name: str, settings: Settings) -> int:
    """Take the version into use again that the champion replaced; returns it.

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
                "go back to; `python -m ml.train` makes versions that may replace it"
            )
        client.set_registered_model_alias(name, ALIAS, previous)
    return int(previous)


def _known(name: str) -> str:
    if name not in REGISTERED_NAMES:
        raise ModelError(f"{name!r} is no model of ours; there are: {', '.join(REGISTERED_NAMES)}")
    return name
