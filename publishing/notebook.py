"""Running the exploration on what is built, and its page in HTML."""

import os
import tempfile
from pathlib import Path

import jupytext
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbconvert import HTMLExporter
from nbformat import NotebookNode
from traitlets.config import Config

from lakehouse.errors import TableError
from lakehouse.publish.record import PublishedTables
from lakehouse.settings import PROJECT_DIR, Settings
from lakehouse.tables import TableName

__all__ = ["EDA_NOTEBOOK", "EDA_TABLES", "run_notebook", "write_notebook"]

EDA_NOTEBOOK = PROJECT_DIR / "notebooks" / "eda.py"

EDA_TABLES = (
    TableName("marts", "fct_purchases"),
    TableName("marts", "dim_customers"),
    TableName("marts", "dim_products"),
    TableName("marts", "dim_product_categories"),
    TableName("marts", "load_audit"),
)

# On the full data set the slowest cell takes seconds; a hung kernel should not hold a build.
_CELL_SECONDS = 600


def run_notebook(settings: Settings, path: Path = EDA_NOTEBOOK) -> NotebookNode:
    """Execute a notebook, kept as text, in a kernel that has these settings.

    Args:
        settings: the project's settings.
        path: the notebook in jupytext's percent format.

    Returns:
        The notebook with its outputs.

    Raises:
        TableError: a table that it reads is missing, or a cell failed; the message shows the end
            of what the cell said.
    """
    published = PublishedTables(settings)
    for name in EDA_TABLES:
        published.open(name)
    notebook = jupytext.read(path)
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(
            notebook,
            timeout=_CELL_SECONDS,
            kernel_name="python3",
            # Sockets of this user's own: a kernel's ports would be open to all on this machine.
            config=Config(KernelManager={"transport": "ipc", "ip": f"{folder}/kernel"}),
            resources={"metadata": {"path": str(PROJECT_DIR)}},
        )
        try:
            client.execute(env=os.environ | settings.as_environment())
        except CellExecutionError as error:
            raise TableError(f"{path}: a cell failed: {error.ename}: {error.evalue}") from error
    return notebook


def write_notebook(settings: Settings) -> Path:
    """Run the exploration and write it as one HTML file that loads nothing from elsewhere.

    Returns:
        Where it stands, ``<var>/publications/eda.html``.

    Raises:
        TableError: see ``run_notebook``.
    """
    exporter = HTMLExporter(mathjax_url="", require_js_url="", jquery_url="", mermaid_js_url="")
    html, _ = exporter.from_notebook_node(run_notebook(settings))
    target = settings.var_dir / "publications" / "eda.html"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(html, encoding="utf-8")
    return target
