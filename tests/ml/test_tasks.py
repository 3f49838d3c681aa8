"""Every task that the command line knows is there, under that very name."""

import pytest

from lakehouse.errors import ModelError
from ml.registry import REGISTERED_NAMES
from ml.tasks import TASKS, find_task


@pytest.mark.parametrize("name", TASKS)
def test_a_task_is_called_as_the_command_line_calls_it(name):
    task = find_task(name)
    assert task.name == name
    assert task.title
    assert task.registered_name is None or task.registered_name in REGISTERED_NAMES


def test_an_unknown_task_is_told_the_ones_that_there_are():
    with pytest.raises(ModelError, match="'nothing' is no task; there are: purchase"):
        find_task("nothing")
