"""The tutorial is read, walked and drawn; its own story is a long test, as it builds thrice."""

import html
import re

import pytest
from conftest import FEW_ROWS, SYNTHETIC_ROWS, free_port

from publishing.tutorial import (
    TUTORIAL,
    Command,
    Edit,
    Scene,
    TutorialError,
    draw,
    project_copy,
    read_scenes,
    walk,
)

PAGE = """# A page

```bash
echo 12 rows
```

![Rows are counted](images/rows.svg)

```text
rows
```

```diff
--- a/one.txt
+++ b/one.txt
 first
-second
+third
```

```bash fails
cat one.txt nowhere.txt
```

![The file is shown](images/file.svg)
"""


def test_a_page_is_scenes_of_edits_and_commands_each_with_its_picture():
    assert read_scenes(PAGE) == [
        Scene("rows.svg", "Rows are counted", (Command("echo 12 rows", False),), ("rows",)),
        Scene(
            "file.svg",
            "The file is shown",
            (
                Edit("one.txt", "first\nsecond\n", "first\nthird\n"),
                Command("cat one.txt nowhere.txt", True),
            ),
        ),
    ]


@pytest.mark.parametrize(
    ("page", "fault"),
    [
        ("```bash\nls\n```\n", "No picture follows"),
        ("```python\nprint()\n```\n", "A block 'python' of the tutorial belongs to no picture"),
    ],
)
def test_a_page_that_leaves_something_unshown_is_refused(page, fault):
    with pytest.raises(TutorialError, match=fault):
        read_scenes(page)


def test_a_walk_edits_runs_and_holds_what_is_said_against_what_is_printed(tmp_path):
    (tmp_path / "one.txt").write_text("first\nsecond\n")
    counted, shown = read_scenes(PAGE)
    assert walk(counted, tmp_path) == "$ echo 12 rows\n12 rows\n\n"
    assert "first\nthird\n" in walk(shown, tmp_path)
    # Numbers differ from run to run, and may.
    walk(Scene("rows.svg", "", counted.actions, ("7 rows",)), tmp_path)


@pytest.mark.parametrize(
    ("scene", "fault"),
    [
        (Scene("a.svg", "", (Command("true", True),)), "`true` ended with 0"),
        (Scene("a.svg", "", (Command("false", False),)), "`false` ended with 1"),
        (Scene("a.svg", "", (Command("echo a", False),), ("b",)), "Nothing says 'b'"),
        (Scene("a.svg", "", (Edit("one.txt", "two\n", ""),)), "one.txt has 0 times, not once"),
    ],
)
def test_a_walk_that_is_not_as_the_page_says_ends(tmp_path, scene, fault):
    (tmp_path / "one.txt").write_text("one\n")
    with pytest.raises(TutorialError, match=fault):
        walk(scene, tmp_path)


def test_a_picture_shows_the_beginning_and_the_end_of_a_long_run_and_loads_nothing():
    lines = "\n".join(f"\x1b[32mline-{number}\x1b[0m" for number in range(100))
    svg = draw(Scene("long.svg", "A long run", ()), f"$ make build\n{lines}\n$ make status\nup\n")
    text = html.unescape(re.sub(r"<[^>]+>", "", svg)).replace("\xa0", " ")
    for shown in ("A long run", "$ make build", "line-0", "line-99", "... 73 lines ...", "up"):
        assert shown in text
    assert "line-50" not in text
    assert "url(" not in svg.replace("url(#", "")
    assert "\x1b" not in svg


def test_a_copy_has_the_project_and_settings_of_its_own_and_nothing_generated():
    with project_copy({"LAKEHOUSE_THRIFT_PORT": "1"}) as copy:
        assert (copy / ".env").read_text() == "LAKEHOUSE_THRIFT_PORT=1\n"
        assert (copy / "dbt_project" / "dbt_project.yml").exists()
        assert [path.name for path in (copy / "var").iterdir()] == ["jars"]
    assert not copy.parent.exists()


def test_every_picture_of_the_tutorial_stands_beside_it():
    for scene in read_scenes(TUTORIAL.read_text()):
        picture = (TUTORIAL.parent / "images" / scene.picture).read_text()
        assert scene.title in picture.replace("&#160;", " ")


@pytest.mark.long
def test_the_tutorial_is_what_happens():
    few_rows = {
        "LAKEHOUSE_THRIFT_PORT": str(free_port()),
        "LAKEHOUSE_SYNTHETIC_ROWS": str(SYNTHETIC_ROWS),
        "LAKEHOUSE_SPARK_DRIVER_MEMORY": "2g",
        "LAKEHOUSE_SPARK_SETTINGS": FEW_ROWS,
    }
    with project_copy(few_rows) as copy:
        for scene in read_scenes(TUTORIAL.read_text()):
            assert draw(scene, walk(scene, copy))
