"""The command line of the publications; `make` calls it."""

import json
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console

from lakehouse.lineage.project import project_lineage, read_manifest
from lakehouse.settings import settings
from publishing.dbt_docs import parse_project, write_static_docs
from publishing.dictionary import DICTIONARY, dictionary
from publishing.findings import Findings, find
from publishing.lineage import write_lineage
from publishing.message_schemas import message_schemas
from publishing.notebook import write_notebook
from publishing.presentation import write_presentation
from publishing.report import write_report
from publishing.tutorial import TUTORIAL, draw, project_copy, read_scenes, walk

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Write what people read about the lakehouse.",
)
console = Console()


@app.command("dbt-docs")
def dbt_docs() -> None:
    """Write lineage and columns of every table as one HTML file."""
    console.print(f"dbt docs: {write_static_docs(settings())}", soft_wrap=True)


@app.command("dictionary")
def write_dictionary() -> None:
    """Write docs/data-dictionary.md from the descriptions beside the models, and docs/messages."""
    DICTIONARY.write_text(dictionary(parse_project(settings())))
    console.print(f"Data dictionary: {DICTIONARY}", soft_wrap=True)
    for path, schema in message_schemas().items():
        path.write_text(json.dumps(schema, indent=2) + "\n")
        console.print(f"Schema of messages: {path}", soft_wrap=True)


@app.command("lineage")
def write_columns() -> None:
    """Write from which columns each column is made as one HTML file."""
    manifest = read_manifest(settings())
    target = write_lineage(
        project_lineage(manifest),
        manifest["metadata"]["generated_at"],
        settings().var_dir / "publications",
    )
    console.print(f"Column lineage: {target}", soft_wrap=True)


@app.command("notebook")
def write_eda() -> None:
    """Run notebooks/eda.py on what is built and write it as HTML."""
    console.print(f"Exploration: {write_notebook(settings())}", soft_wrap=True)


@app.command("presentation")
def write_slides() -> None:
    """Write results and conclusions as PowerPoint slides."""
    target = settings().var_dir / "publications" / "presentation.pptx"
    findings = find(settings())
    console.print(
        f"Presentation: {write_presentation(findings, target, datetime.now(UTC))}", soft_wrap=True
    )
    _tell_gaps(findings)


@app.command("report")
def write_conclusions() -> None:
    """Write the conclusions for retailers as Markdown and HTML."""
    findings = find(settings())
    for path in write_report(findings, settings().var_dir / "publications", datetime.now(UTC)):
        console.print(f"Report: {path}", soft_wrap=True)
    _tell_gaps(findings)


@app.command("tutorial")
def walk_tutorial(
    port: Annotated[int, typer.Option(help="Of the copy's Thrift server")] = 10009,
) -> None:
    """Walk docs/tutorial.md in a copy of the project, and take its pictures; builds three times."""
    with project_copy({"LAKEHOUSE_THRIFT_PORT": str(port)}) as copy:
        for scene in read_scenes(TUTORIAL.read_text()):
            console.print(f"Tutorial: {scene.title}", soft_wrap=True)
            picture = TUTORIAL.parent / "images" / scene.picture
            picture.write_text(draw(scene, walk(scene, copy)))


def _tell_gaps(findings: Findings) -> None:
    for command in dict.fromkeys(gap.command for gap in findings.gaps):
        topics = [gap.topic for gap in findings.gaps if gap.command == command]
        console.print(f"Not known before `{command}`: {', '.join(topics)}", soft_wrap=True)
