"""The tables of predictions: their columns, their creation while still empty, and their writer."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow as pa
from deltalake import write_deltalake
from deltalake.exceptions import DeltaError

from lakehouse.data.delta_tables import ensure_table
from lakehouse.errors import ModelError, TableError
from lakehouse.settings import Settings

__all__ = [
    "PREDICTION_TABLES",
    "SCHEMA",
    "PredictionTable",
    "Provenance",
    "ensure_prediction_tables",
    "write_predictions",
]

SCHEMA = "predictions"

_PROVENANCE_FIELDS = (
    pa.field("model_name", pa.string()),
    pa.field("model_version", pa.int32()),
    pa.field("run_id", pa.string()),
    pa.field("data_kind", pa.string()),
    pa.field("scored_at", pa.timestamp("us", tz="UTC")),
)


@dataclass(frozen=True)
class Provenance:
    """Where rows of predictions come from; the last columns of each of these tables.

    Attributes:
        model_name: registered name, or the name of what was computed if no model is registered.
        model_version: version in the registry; None if there is none.
        run_id: MLflow run that trained the model or computed the figures.
        data_kind: 'real' or 'synthetic'.
        scored_at: when the rows were made (UTC).
    """

    model_name: str
    model_version: int | None
    run_id: str
    data_kind: str
    scored_at: datetime

    @classmethod
    def now(
        cls, model_name: str, model_version: int | None, run_id: str, data_kind: str
    ) -> "Provenance":
        """Provenance of rows that are made at this moment."""
        return cls(model_name, model_version, run_id, data_kind, datetime.now(UTC))


@dataclass(frozen=True)
class PredictionTable:
    """One table of the schema ``predictions``.

    Attributes:
        name: of the table.
        description: its grain.
        key: columns that identify a row.
        fields: columns and types, without provenance.
    """

    name: str
    description: str
    key: tuple[str, ...]
    fields: tuple[tuple[str, pa.DataType], ...]

    @property
    def schema(self) -> pa.Schema:
        """All columns: its own, then those of :class:`Provenance` that are not among them."""
        own = [pa.field(name, kind) for name, kind in self.fields]
        names = {field.name for field in own}
        return pa.schema([*own, *(f for f in _PROVENANCE_FIELDS if f.name not in names)])


_TEXT, _WHOLE, _REAL, _FLAG = pa.string(), pa.int32(), pa.float64(), pa.bool_()

_TABLES = (
    PredictionTable(
        "purchase_predictions",
        "Each row is one purchase with its predicted amount.",
        ("event_id",),
        (
            ("event_id", _TEXT),
            ("user_id", _WHOLE),
            ("product_id", _TEXT),
            ("split", _TEXT),
            ("actual_purchase", _WHOLE),
            ("predicted_purchase", _REAL),
            ("predicted_low_80", _REAL),
            ("predicted_high_80", _REAL),
            ("predicted_low_95", _REAL),
            ("predicted_high_95", _REAL),
            ("contribution_category", _REAL),
            ("contribution_product", _REAL),
            ("contribution_user", _REAL),
            ("contribution_user_category", _REAL),
            ("contribution_factors", _REAL),
            ("contribution_trees", _REAL),
        ),
    ),
    PredictionTable(
        "customer_segments",
        "Each row is one customer in its segment.",
        ("user_id",),
        (("user_id", _WHOLE), ("segment_id", _WHOLE), ("segment_name", _TEXT)),
    ),
    PredictionTable(
        "segments",
        "Each row is one segment of customers.",
        ("segment_id",),
        (("segment_id", _WHOLE), ("segment_name", _TEXT), ("recommended_action", _TEXT)),
    ),
    PredictionTable(
        "product_recommendations",
        "Each row is one product recommended to one customer.",
        ("user_id", "rank"),
        (
            ("user_id", _WHOLE),
            ("rank", _WHOLE),
            ("product_id", _TEXT),
            ("score", _REAL),
            ("is_fallback", _FLAG),
        ),
    ),
    PredictionTable(
        "product_audiences",
        "Each row is one customer to whom one product should be offered.",
        ("product_id", "rank"),
        (("product_id", _TEXT), ("rank", _WHOLE), ("user_id", _WHOLE), ("score", _REAL)),
    ),
    PredictionTable(
        "high_value_customers",
        "Each row is one customer with the probability of being of high value.",
        ("user_id",),
        (
            ("user_id", _WHOLE),
            ("probability", _REAL),
            ("threshold", _REAL),
            ("is_predicted_high_value", _FLAG),
            ("is_actual_high_value", _FLAG),
        ),
    ),
    PredictionTable(
        "hypothesis_tests",
        "Each row is one statistical test of one hypothesis.",
        ("hypothesis_id", "grain", "test_name"),
        (
            ("hypothesis_id", _TEXT),
            ("hypothesis", _TEXT),
            ("grain", _TEXT),
            ("test_name", _TEXT),
            ("statistic", _REAL),
            ("degrees_of_freedom", _TEXT),
            ("p_value", _REAL),
            ("p_value_holm", _REAL),
            ("effect_size_name", _TEXT),
            ("effect_size", _REAL),
            ("effect_low", _REAL),
            ("effect_high", _REAL),
            ("count_rows", pa.int64()),
            ("verdict", _TEXT),
            ("plain_words", _TEXT),
        ),
    ),
    PredictionTable(
        "model_metrics",
        "Each row is one metric of the newest run of one task.",
        ("run_id", "metric"),
        (
            ("task", _TEXT),
            ("model_name", _TEXT),
            ("metric", _TEXT),
            ("value", _REAL),
            ("low", _REAL),
            ("high", _REAL),
            ("goal", _TEXT),
        ),
    ),
    PredictionTable(
        "verdicts",
        "Each row is one claim of the project with what became of it.",
        ("task",),
        (
            ("task", _TEXT),
            ("claim", _TEXT),
            ("outcome", _TEXT),
            ("sentence", _TEXT),
            ("effect", _TEXT),
            ("value", _REAL),
            ("low", _REAL),
            ("high", _REAL),
        ),
    ),
)

PREDICTION_TABLES = {table.name: table for table in _TABLES}
"""The tables that models write, by name; each replaces its rows as a whole, in one commit."""


def ensure_prediction_tables(settings: Settings) -> None:
    """Create the tables of predictions that are not there yet, empty.

    Raises:
        TableError: one cannot be created or read, or has a column of another type.
    """
    for table in _TABLES:
        ensure_table(
            settings.table_path(SCHEMA, table.name),
            table.schema,
            name=table.name,
            description=table.description,
            properties={},
        )


def write_predictions(
    name: str,
    rows: pa.Table,
    provenance: Provenance,
    settings: Settings,
    *,
    replace: Mapping[str, str] | None = None,
) -> int:
    """Replace the rows of a table of predictions, in one commit that readers see whole or not.

    Args:
        name: one of :data:`PREDICTION_TABLES`.
        rows: its own columns in any order; whole numbers and texts of other widths are cast.
        provenance: added to every row.
        settings: the project's settings.
        replace: column -> text, to replace only the rows with these values; by default all.

    Returns:
        The table's new Delta version.

    Raises:
        ModelError: the rows lack a column, have a wrong type, or repeat a key.
        TableError: the table cannot be written.
    """
    table = PREDICTION_TABLES[name]
    ready = _with_provenance(table, rows, provenance)
    path = settings.table_path(SCHEMA, name)
    opened = ensure_table(
        path, table.schema, name=name, description=table.description, properties={}
    )
    quoted = {column: text.replace("'", "''") for column, text in (replace or {}).items()}
    predicate = " and ".join(f"{column} = '{text}'" for column, text in quoted.items()) or None
    try:
        write_deltalake(opened, ready, mode="overwrite", predicate=predicate)
    except (DeltaError, OSError) as error:
        reason = " ".join(str(error).split())
        raise TableError(
            f"{path}: the predictions cannot be written ({reason}). "
            "The table is as it was; check the folder and score again"
        ) from error
    opened.update_incremental()
    return opened.version()


def _with_provenance(table: PredictionTable, rows: pa.Table, provenance: Provenance) -> pa.Table:
    given = set(rows.column_names)
    for field in _PROVENANCE_FIELDS:
        if field.name not in given:
            value = pa.scalar(getattr(provenance, field.name), field.type)
            rows = rows.append_column(field, pa.repeat(value, rows.num_rows))
    missing = [name for name in table.schema.names if name not in rows.column_names]
    if missing:
        raise ModelError(
            f"Rows for {SCHEMA}.{table.name} lack {', '.join(missing)}; they have "
            f"{', '.join(sorted(given))}. Correct the task's score function"
        )
    try:
        ready = rows.select(table.schema.names).cast(table.schema)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise ModelError(
            f"Rows for {SCHEMA}.{table.name} do not fit its columns: {error}. "
            "Correct the task's score function"
        ) from error
    count_keys = ready.group_by(list(table.key)).aggregate([]).num_rows
    if count_keys != ready.num_rows:
        raise ModelError(
            f"Rows for {SCHEMA}.{table.name} repeat a key: {ready.num_rows:,} rows have "
            f"{count_keys:,} different ({', '.join(table.key)}). Correct the task's score function"
        )
    return ready
