"""The one shape of every model: load, split, fit, evaluate, package, judge, score.

A task is a package ``ml/<name>/`` with a class derived from :class:`Task`, named in ``ml.tasks``.
``ml.training`` runs its steps in this order, tracks them, promotes and writes what it scores, so a
task contains no MLflow and no Delta code of its own::

    data = task.load(context)            # marts and features, by context.inputs.read(...)
    split = task.split(data, context)
    fitted = task.fit(split, context)
    evaluation = task.evaluate(fitted, split, context)
    package = task.package(fitted, split, context)          # if it has a registered_name
    losses = task.losses(model, split, context)             # of challenger and champion alike
    tables = task.score(model, data, context)               # by the champion
    pipelines = task.pipelines(fitted, split)               # what Spark fitted, kept beside
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Generic, Protocol, TypeVar
from urllib.parse import urlsplit

import pandas as pd
import pyarrow as pa
from matplotlib.figure import Figure
from mlflow.models import ModelSignature
from mlflow.pyfunc import PythonModel
from numpy import ndarray
from pyspark.ml import PipelineModel
from pyspark.sql import SparkSession
from rich.console import Console

from lakehouse.settings import Settings
from lakehouse.spark import spark_session
from ml.bootstrap import Interval
from ml.inputs import Inputs
from ml.promotion import Check

__all__ = ["Evaluation", "Metric", "Package", "Predictor", "Task", "TaskContext"]

Data = TypeVar("Data")
Split = TypeVar("Split")
Fitted = TypeVar("Fitted")


class Predictor(Protocol):
    """What answers rows with predictions: a loaded model of the registry."""

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Predictions for rows of the model's input columns."""
        ...


@dataclass
class TaskContext:
    """What every step of a task may use.

    Attributes:
        settings: the project's settings.
        inputs: reader of marts and features; notes the versions that are read.
        seed: of everything random.
        is_quick: whether to use the smaller budget.
        data_kind: 'real' or 'synthetic'.
        console: for progress in words.
    """

    settings: Settings
    inputs: Inputs
    seed: int
    is_quick: bool
    data_kind: str
    console: Console

    @cached_property
    def spark(self) -> SparkSession:
        """The Spark session of this process, started when a step first asks for it."""
        overrides = {}
        if self.settings.is_spark_here:
            overrides["spark__driver__memory"] = self.settings.ml_driver_memory
        if not self.settings.is_root_here:
            # MLflow copies pipelines through Hadoop's default file system, and knows no other.
            parts = urlsplit(self.settings.lakehouse_root)
            overrides["spark__hadoop__fs__defaultFS"] = f"{parts.scheme}://{parts.netloc}"
        session = spark_session("lakehouse-ml", self.settings, **overrides)
        session.sparkContext.setLogLevel("ERROR")
        return session

    def peak_heap(self) -> dict[str, int]:
        """Most that this process's Spark has used of its heap, ``peak_heap_mb``, in MiB.

        Empty where no step has started Spark. The pools of the heap peak at different moments, so
        their sum is more than was in use at any one.
        """
        if "spark" not in self.__dict__:
            return {}
        pools = self.spark._jvm.java.lang.management.ManagementFactory.getMemoryPoolMXBeans()
        peaks = [
            pool.getPeakUsage().getUsed() for pool in pools if str(pool.getType()) == "Heap memory"
        ]
        return {"peak_heap_mb": sum(peaks) // 2**20}

    def say(self, text: str) -> None:
        """One line of progress."""
        self.console.print(text, markup=False, highlight=False, soft_wrap=True)


@dataclass(frozen=True)
class Metric:
    """One measured figure; what it should reach stands in ``ml.goals``.

    Attributes:
        name: tells model and rows, such as ``test_rmse`` or ``linear_test_rmse``.
        value: as measured.
        low: lower end of its 95 % interval; None if it has none.
        high: upper end of its 95 % interval; None if it has none.
    """

    name: str
    value: float
    low: float | None = None
    high: float | None = None

    @classmethod
    def of(cls, name: str, interval: Interval) -> "Metric":
        """A metric with the ends of its interval."""
        return cls(name, interval.value, interval.low, interval.high)


@dataclass(frozen=True)
class Evaluation:
    """What a fitted model is worth.

    Attributes:
        metrics: by unique names.
        results: flat figures for ``var/results/ml.json``, named as the project promises.
        params: what was chosen and tuned, for the run and the model card.
        checks: conditions on a promotion, beside those that hold for every model.
        conclusions: what it means, in sentences for a manager.
        limits: what it cannot do, in sentences for the model card.
        figures: file name such as ``residuals.png`` -> plot.
        tables: file name such as ``importances.csv`` -> rows, logged beside the plots.
    """

    metrics: tuple[Metric, ...]
    results: Mapping[str, float | int | str]
    params: Mapping[str, Any] = field(default_factory=dict)
    checks: tuple[Check, ...] = ()
    conclusions: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    figures: Mapping[str, Figure] = field(default_factory=dict)
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)


@dataclass(frozen=True)
class Package:
    """A fitted model in the form in which it is registered.

    Attributes:
        model: MLflow's own form, everything that it needs inside.
        example: input rows; the latency check repeats them up to 1,000.
        signature: columns in and out.
        requirements: packages that it needs, such as ``xgboost``.
        milliseconds_per_1000_rows: what the latency check admits.
        is_row_by_row: whether a row of the answer belongs to each row of the input; a list of
            products does not.
    """

    model: PythonModel
    example: pd.DataFrame
    signature: ModelSignature
    requirements: tuple[str, ...]
    milliseconds_per_1000_rows: float = 1000.0
    is_row_by_row: bool = True


class Task(ABC, Generic[Data, Split, Fitted]):
    """One question to the data, answered by one model or by statistics.

    Attributes:
        name: on the command line, in MLflow and in ``predictions.model_metrics``.
        title: for people.
        registered_name: in the registry; None if no model is registered, then :meth:`package` and
            :meth:`losses` are not called and :meth:`score` gets what :meth:`fit` returned.
        main_input: ``schema.table`` whose version ``--data-version`` pins.
        has_test: whether :meth:`evaluate` opens a test that chose nothing; how often it was opened
            is counted, as every look at it wears it off.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    registered_name: ClassVar[str | None] = None
    main_input: ClassVar[str]
    has_test: ClassVar[bool] = False

    @abstractmethod
    def load(self, context: TaskContext) -> Data:
        """Read all that is learnt from and scored, by ``context.inputs``.

        Raises:
            TableError: a table is missing or has another shape.
            ModelError: a table is empty or its content cannot be learnt from.
        """

    @abstractmethod
    def split(self, data: Data, context: TaskContext) -> Split:
        """Part the data into what is learnt from and what is judged on."""

    @abstractmethod
    def fit(self, split: Split, context: TaskContext) -> Fitted:
        """Fit the model and those it is compared with, on the training part alone."""

    @abstractmethod
    def evaluate(self, fitted: Fitted, split: Split, context: TaskContext) -> Evaluation:
        """Judge them on the test part.

        Raises:
            ModelError: the figures are too good to be true (a leak).
        """

    def package(self, fitted: Fitted, split: Split, context: TaskContext) -> Package:
        """Put the model into the form in which it is registered."""
        raise NotImplementedError

    def losses(self, model: Predictor, split: Split, context: TaskContext) -> ndarray:
        """Loss of a model on each test row, lower is better; rows always in the same order."""
        raise NotImplementedError

    def customers(self, split: Split) -> ndarray | None:
        """Customer of each row of :meth:`losses`; None, the default, if each is another one."""
        return None

    def pipelines(self, fitted: Fitted, split: Split) -> Mapping[str, PipelineModel]:
        """What Spark fitted, by name, to be kept as plain Spark and in the run; by default none."""
        return {}

    @abstractmethod
    def score(self, model: Any, data: Data, context: TaskContext) -> Mapping[str, pa.Table]:
        """Rows for tables of predictions, without provenance, by table name.

        Args:
            model: the champion as a :class:`Predictor`, or, without a registered model, what
                :meth:`fit` returned.
            data: what :meth:`load` returned.
            context: as in the other steps.
        """
