"""The lineage of all columns as one HTML page that needs no server."""

import json
from datetime import datetime
from html import escape
from pathlib import Path

from lakehouse.lineage.project import ProjectLineage

__all__ = ["lineage_page", "write_lineage"]

_TEMPLATE = Path(__file__).with_name("lineage.html")


def lineage_page(lineage: ProjectLineage, generated_at: str) -> str:
    """The page.

    Args:
        lineage: of the project's tables.
        generated_at: when the build was that the SQL is of, as dbt writes it (ISO 8601).
    """
    tables = {
        name: {
            "kind": table.kind,
            "columns": {
                column: sorted(".".join(ref) for ref in made_from)
                for column, made_from in table.columns.items()
            },
            "rows": sorted(".".join(ref) for ref in table.rows),
            "exposures": table.exposures,
            "problem": table.problem,
        }
        for name, table in lineage.tables.items()
    }
    # A script ends at the first "</", wherever that stands.
    data = json.dumps(tables, separators=(",", ":")).replace("</", "<\\/")
    moment = datetime.fromisoformat(generated_at)
    page = _TEMPLATE.read_text()
    page = page.replace("BUILT_AT", escape(f"{moment:%Y-%m-%d %H:%M} UTC"))
    return page.replace("LINEAGE_DATA", data)


def write_lineage(lineage: ProjectLineage, generated_at: str, folder: Path) -> Path:
    """Write the page.

    Returns:
        Where it stands, ``<folder>/lineage.html``.
    """
    target = folder / "lineage.html"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(lineage_page(lineage, generated_at))
    return target
