"""The tutorial's steps: read from its page, walked in a copy of the project, and drawn.

The page is Markdown. What a reader types is a block ``bash``, or ``bash fails`` where it ends with
an error; what a reader edits is a block ``diff`` without line numbers; a picture shows the commands
since the one before; a block ``text`` below it has parts of lines that they print.
"""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.text import Text

from lakehouse.errors import LakehouseError
from lakehouse.settings import PROJECT_DIR

__all__ = [
    "TUTORIAL",
    "Command",
    "Edit",
    "Scene",
    "TutorialError",
    "draw",
    "project_copy",
    "read_scenes",
    "walk",
]

TUTORIAL = PROJECT_DIR / "docs" / "tutorial.md"

_BLOCK = r"^```(?P<info>[a-z ]+)\n(?P<text>.*?)^```$"
_PICTURE = r"^!\[(?P<title>[^\]]*)\]\(images/(?P<picture>[\w-]+\.svg)\)$"
_PART = re.compile(f"{_BLOCK}|{_PICTURE}", re.MULTILINE | re.DOTALL)
# What is generated, installed or somebody's own.
_NOT_COPIED = shutil.ignore_patterns(
    "var", ".venv", ".git", ".env", "raw", "__pycache__", "target", "logs"
)
_WIDTH = 118
_LINES_AT_EACH_END = 14


class TutorialError(LakehouseError):
    """The tutorial does not say what happens."""


@dataclass(frozen=True)
class Edit:
    """Lines of a file to be replaced.

    Attributes:
        file: path within the project.
        before: the lines as they are, once in the file.
        after: the lines as they are to be.
    """

    file: str
    before: str
    after: str


@dataclass(frozen=True)
class Command:
    """One line that a reader types.

    Attributes:
        line: for bash, in the project's folder.
        fails: it is to end with an error.
    """

    line: str
    fails: bool


@dataclass(frozen=True)
class Scene:
    """What one picture shows, and what leads to it.

    Attributes:
        picture: its file's name.
        title: what it shows, in words.
        actions: edits and commands, in their order.
        said: parts of lines that the commands print, whatever their numbers.
    """

    picture: str
    title: str
    actions: tuple[Edit | Command, ...]
    said: tuple[str, ...] = ()


def read_scenes(page: str) -> list[Scene]:
    """The scenes of a page, in their order.

    Raises:
        TutorialError: a block is of no known kind, or comes after the last picture's lines.
    """
    scenes: list[Scene] = []
    actions: list[Edit | Command] = []
    for part in _PART.finditer(page):
        info = part["info"]
        if info is None:
            scenes.append(Scene(part["picture"], part["title"], tuple(actions)))
            actions = []
        elif info in ("bash", "bash fails"):
            fails = info.endswith("fails")
            actions += [Command(line, fails) for line in part["text"].splitlines()]
        elif info == "diff":
            actions += _edits(part["text"])
        elif info == "text" and scenes and not actions:
            said = (*scenes[-1].said, *part["text"].splitlines())
            scenes[-1] = replace(scenes[-1], said=said)
        else:
            raise TutorialError(f"A block {info!r} of the tutorial belongs to no picture")
    if actions:
        raise TutorialError(f"No picture follows {actions[-1]}")
    return scenes


def _edits(diff: str) -> Iterator[Edit]:
    r"""Edits of a diff without line numbers.

    >>> list(_edits("--- a/x\n+++ b/x\n one\n-two\n+three\n"))
    [Edit(file='x', before='one\ntwo\n', after='one\nthree\n')]
    """
    for of_file in re.split(r"^--- a/.*\n", diff, flags=re.MULTILINE)[1:]:
        head, *lines = of_file.splitlines(keepends=True)
        yield Edit(
            head.removeprefix("+++ b/").strip(),
            "".join(line[1:] for line in lines if line[0] != "+"),
            "".join(line[1:] for line in lines if line[0] != "-"),
        )


@contextmanager
def project_copy(own: Mapping[str, str]) -> Iterator[Path]:
    """A copy of the project without anything generated, to be walked in; removed afterwards.

    Installed packages and jars are shared with it. What runs in it is stopped at the end.

    Args:
        own: settings of the copy, for its ``.env``.
    """
    # A short path: the supervisor's socket lies below it.
    folder = Path(tempfile.mkdtemp(prefix="lt-"))
    copy = folder / "lakehouse"
    shutil.copytree(PROJECT_DIR, copy, symlinks=True, ignore=_NOT_COPIED)
    (copy / "data" / "raw").mkdir(parents=True, exist_ok=True)
    (copy / ".venv").symlink_to(PROJECT_DIR / ".venv")
    (copy / "var").mkdir()
    (copy / "var" / "jars").symlink_to(PROJECT_DIR / "var" / "jars")
    (copy / ".env").write_text("".join(f"{name}={value}\n" for name, value in own.items()))
    try:
        yield copy
    finally:
        subprocess.run(["make", "--silent", "down"], cwd=copy, check=True)
        shutil.rmtree(folder)


def walk(scene: Scene, copy: Path) -> str:
    """Do what a scene says in a copy of the project; returns the commands with what they printed.

    Args:
        scene: what to do.
        copy: made by :func:`project_copy`.

    Raises:
        TutorialError: an edit does not fit, a command ends otherwise than it should, or what is
            said to be printed is not.
    """
    printed = ""
    for action in scene.actions:
        if isinstance(action, Edit):
            _apply(action, copy)
        else:
            printed += f"$ {action.line}\n{_run(action, copy)}\n"
    for line in scene.said:
        if _alike(line) not in _alike(printed):
            raise TutorialError(f"Nothing says {line!r} in {scene.picture}:\n{printed[-4000:]}")
    return printed


def _apply(edit: Edit, copy: Path) -> None:
    file = copy / edit.file
    text = file.read_text()
    if text.count(edit.before) != 1:
        raise TutorialError(
            f"{edit.file} has {text.count(edit.before)} times, not once:\n{edit.before}"
        )
    file.write_text(text.replace(edit.before, edit.after))


def _run(command: Command, copy: Path) -> str:
    # The copy has settings of its own, and may have been called by another make.
    others = ("LAKEHOUSE_", "MAKE")
    done = subprocess.run(
        ["bash", "-c", command.line],
        cwd=copy,
        env={name: text for name, text in os.environ.items() if not name.startswith(others)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if (done.returncode != 0) != command.fails:
        raise TutorialError(
            f"`{command.line}` ended with {done.returncode}:\n{done.stdout[-4000:]}"
        )
    return done.stdout.replace(f"{copy}/", "").replace(str(copy), ".")


def _alike(printed: str) -> str:
    """What was printed without what differs from run to run: colours and numbers.

    >>> _alike("Published: state 12")
    'Published: state #'
    """
    return re.sub(r"\d[\d,.:]*", "#", Text.from_ansi(printed).plain.rstrip())


def draw(scene: Scene, printed: str) -> str:
    """A picture of a terminal, as SVG that loads nothing from elsewhere.

    Of a long run the beginning and the end are shown.
    """
    console = Console(record=True, width=_WIDTH, file=StringIO())
    for line in _shortened(printed):
        console.print(Text.from_ansi(line, style="bold" if line.startswith("$ ") else ""))
    svg = console.export_svg(title=scene.title, unique_id=scene.picture.removesuffix(".svg"))
    return re.sub(r"@font-face\s*\{.*?\}\s*", "", svg, flags=re.DOTALL)


def _shortened(printed: str) -> Iterator[str]:
    """Lines of each command, the middle of a long run left out."""
    for command in re.split(r"^(?=\$ )", printed, flags=re.MULTILINE):
        lines = command.splitlines()
        if len(lines) <= 2 * _LINES_AT_EACH_END + 1:
            yield from lines
        else:
            left_out = len(lines) - 2 * _LINES_AT_EACH_END
            yield from lines[:_LINES_AT_EACH_END]
            yield f"      ... {left_out} lines ..."
            yield from lines[-_LINES_AT_EACH_END:]
