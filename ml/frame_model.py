"""The form in which models are registered: rows in, rows out, and everything they need inside."""

from abc import abstractmethod
from typing import Any

import pandas as pd
from mlflow.pyfunc import PythonModel, PythonModelContext

__all__ = ["FrameModel"]


class FrameModel(PythonModel):
    """A model of MLflow whose answer follows from its own content and the rows alone."""

    @abstractmethod
    def answer(self, rows: pd.DataFrame) -> pd.DataFrame:
        """What the model says to rows of its input columns."""

    def predict(
        self,
        context: PythonModelContext | None,
        model_input: pd.DataFrame,
        params: dict[str, Any] | None = None,
    ) -> pd.DataFrame:
        """The answer; MLflow's context and parameters are not needed for it."""
        return self.answer(model_input)
