"""What the pages say exists: links, anchors, make targets, commands, options, settings, paths."""

import ast
import contextlib
import io
import os
import re
import runpy
import sys
import warnings

import pytest
from click.testing import CliRunner
from dbt.cli.main import cli as dbt

from lakehouse.environment import replaced_environment
from lakehouse.settings import PROJECT_DIR, Settings

PAGES = sorted(
    [
        *(PROJECT_DIR / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
        *(PROJECT_DIR / "docs").rglob("*.md"),
    ]
)
EACH_PAGE = pytest.mark.parametrize(
    "page", PAGES, ids=[str(page.relative_to(PROJECT_DIR)) for page in PAGES]
)

FENCE = re.compile(r"^ *```[^\n]*\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
COMMAND = re.compile(
    r"python -m ((?:lakehouse|simulator|streaming|ml|dashboard)[\w.]*)([^\n`;&|#]*)"
)
SETTING = re.compile(r"\bLAKEHOUSE_[A-Z][A-Z_]*[A-Z]\b")
TOP_FOLDERS = "dbt_project|lakehouse|simulator|streaming|ml|dashboard|notebooks|tests|docs"
REGISTRIES = re.compile(
    r"pypi\.|pythonhosted|maven\.org|repo1\.|registry\.|docker\.io|ghcr\.|index-url", re.IGNORECASE
)
MACHINE_PATHS = re.compile(r"(?<![\w.])/(?:work|home|root|Users|tmp)/\w")


def code_of(page):
    """Everything on a page that is set as code."""
    text = page.read_text()
    prose = FENCE.sub("", text)
    return "\n".join([*FENCE.findall(text), *SPAN.findall(prose)])


def anchors_of(page):
    """What a link may name on a page, as GitHub makes it of the headings."""
    found = set()
    for heading in re.findall(r"^#+ (.+)$", FENCE.sub("", page.read_text()), re.MULTILINE):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        found.add(re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-"))
    return found


def commands():
    """Module and what follows, as the pages write them, each once, with the pages."""
    found = {}
    for page in PAGES:
        for module, rest in COMMAND.findall(code_of(page)):
            found.setdefault((module, rest.strip()), page.name)
    return found


@EACH_PAGE
def test_every_relative_link_and_anchor_leads_somewhere(page):
    for target in LINK.findall(FENCE.sub("", page.read_text())):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        if anchor:
            assert anchor in anchors_of(file), target


def test_every_page_can_be_reached_from_the_index():
    index = PROJECT_DIR / "docs" / "README.md"
    reached, ahead = set(), [index]
    while ahead:
        page = ahead.pop()
        if page in reached or page.suffix != ".md" or not page.exists():
            continue
        reached.add(page)
        prose = FENCE.sub("", page.read_text())
        # The index names in code what a command writes only later.
        later = re.findall(r"`([\w-]+(?:\.md|/))`", prose) if page == index else []
        for target in [*LINK.findall(prose), *later]:
            if not re.match(r"[a-z]+:|#", target):
                linked = (page.parent / target.partition("#")[0]).resolve()
                ahead += [*linked.glob("*.md")] if linked.is_dir() else [linked]
    lost = set((PROJECT_DIR / "docs").rglob("*.md")) - reached
    assert sorted(str(page.relative_to(PROJECT_DIR)) for page in lost) == []


@EACH_PAGE
def test_every_make_target_exists(page):
    targets = set(re.findall(r"^([a-z-]+):", (PROJECT_DIR / "Makefile").read_text(), re.MULTILINE))
    named = re.findall(r"(?:^|[\s&(])make ([a-z][a-z-]*)", code_of(page))
    assert set(named) - targets == set()


@EACH_PAGE
def test_every_setting_exists(page):
    outside = "".join(
        (PROJECT_DIR / name).read_text()
        for name in ("profiles/profiles.yml", "docker-compose.yml", ".env.example")
    )
    known = {f"LAKEHOUSE_{name.upper()}" for name in Settings.model_fields}
    known |= set(SETTING.findall(outside))
    assert set(SETTING.findall(page.read_text())) - known == set()


@EACH_PAGE
def test_every_path_of_the_project_exists(page):
    for path in SPAN.findall(FENCE.sub("", page.read_text())):
        if re.fullmatch(rf"(?:{TOP_FOLDERS})/[\w./-]*", path):
            assert (PROJECT_DIR / path).exists(), path


def test_every_folder_of_the_readme_exists():
    text = (PROJECT_DIR / "README.md").read_text()
    (tree,) = re.findall(r"```\n(dbt_project/ .*?)```", text, re.DOTALL)
    folders = set(re.findall(r"^(\w+)/ ", tree, re.MULTILINE))
    ignored = (PROJECT_DIR / ".gitignore").read_text()
    generated = set(re.findall(r"^/(\w+)/$", ignored, re.MULTILINE))
    assert folders > generated & folders
    assert [name for name in folders - generated if not (PROJECT_DIR / name).is_dir()] == []


@EACH_PAGE
def test_no_page_names_a_registry_or_a_path_of_one_machine(page):
    text = page.read_text()
    assert not REGISTRIES.search(text), REGISTRIES.search(text)
    assert not MACHINE_PATHS.search(text), MACHINE_PATHS.search(text)


def help_of(module, subcommand):
    """What a command prints when asked for help; fails if there is no such command."""
    told = io.StringIO()
    before = sys.argv
    sys.argv = [module, *subcommand, "--help"]
    try:
        with (
            # A command line leaves behind what it does not know, this test's own variables too.
            replaced_environment(dict(os.environ)),
            contextlib.redirect_stdout(told),
            contextlib.redirect_stderr(told),
            warnings.catch_warnings(action="ignore"),
            pytest.raises(SystemExit) as ended,
        ):
            runpy.run_module(module, run_name="__main__", alter_sys=False)
    finally:
        sys.argv = before
    assert ended.value.code == 0, told.getvalue()
    return told.getvalue()


@pytest.mark.parametrize(
    ("module", "rest"), [pytest.param(*key, id=" ".join(key)) for key in commands()]
)
def test_every_command_and_option_is_understood(module, rest, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("NO_COLOR", "1")
    words = rest.split()
    subcommand = [word for word in words[:1] if re.fullmatch(r"[a-z][a-z_-]*", word)]
    told = help_of(module, subcommand)
    if subcommand == ["dbt"]:
        # What follows is for dbt itself.
        told = CliRunner().invoke(dbt, [words[1], "--help"]).output
    for option in (word.partition("=")[0] for word in words if word.startswith("--")):
        assert re.search(rf"{re.escape(option)}\b", told), f"{option} is not in: {told}"


def test_the_pages_name_commands_of_every_part():
    assert {"lakehouse", "simulator", "streaming", "ml"} <= {
        module.split(".")[0] for module, _ in commands()
    }


def test_hooks_before_a_commit_run_pinned_programs_that_make_lint_runs_too():
    hooks = (PROJECT_DIR / ".pre-commit-config.yaml").read_text()
    makefile = (PROJECT_DIR / "Makefile").read_text().replace("$(PYTHON) -m ", ".venv/bin/")
    locked = (PROJECT_DIR / "requirements.lock").read_text()
    programs = set(re.findall(r"entry: \.venv/bin/([\w-]+ [\w-]+)", hooks))
    assert {program.split()[0] for program in programs} == {"ruff", "sqlfluff"}
    for program in programs:
        assert f".venv/bin/{program}" in makefile
        assert re.search(rf"^{program.split()[0]}==", locked, re.MULTILINE)


def texts_of(source):
    """Every string of a Python source, with a NUL where a value is put in."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.JoinedStr):
            parts = (p.value if isinstance(p, ast.Constant) else "\0" for p in node.values)
            yield "".join(parts)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_every_message_of_the_troubleshooting_stands_in_the_sources():
    folders = ("lakehouse", "simulator", "streaming", "ml", "dashboard", "publishing", "bench")
    sources = [path for name in folders for path in (PROJECT_DIR / name).rglob("*.py")]
    said = [text for path in sources for text in texts_of(path.read_text())]
    said.append((PROJECT_DIR / "Makefile").read_text())
    page = (PROJECT_DIR / "docs" / "troubleshooting.md").read_text()
    messages = re.findall(r"^\| `([^`]+)` \|", page, re.MULTILINE)
    assert len(messages) > 20
    for message in messages:
        parts = [part.strip() for part in message.split("...")]
        assert any(all(part in text for part in parts) for text in said), message
