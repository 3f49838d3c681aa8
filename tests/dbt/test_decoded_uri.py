"""A location as Spark shows it becomes the path again, whatever letters the path has."""

from types import SimpleNamespace
from typing import NoReturn
from urllib.parse import quote

import pytest
from dbt_common.clients.jinja import CallableMacroGenerator
from dbt_common.exceptions.macros import MacroReturn

from lakehouse.dbt import DBT_PROJECT_DIR

TEXT = (DBT_PROJECT_DIR / "macros" / "decoded_uri.sql").read_text()


def give_back(value: str) -> NoReturn:
    raise MacroReturn(value)


def decoded(uri: str) -> str:
    macro = SimpleNamespace(
        name="decoded_uri",
        macro_sql=TEXT,
        unique_id="decoded_uri",
        original_file_path="decoded_uri",
    )
    return CallableMacroGenerator(macro, {"return": give_back})(uri)


@pytest.mark.parametrize(
    "path", ["/plain/path", "/it's ü", "/100 %", "/a%20b", "/<#?{`^|>}", '/日本 "q" \\ [1]']
)
def test_a_path_comes_back_from_its_uri(path: str) -> None:
    # As java.net.URI does it, which leaves letters beyond ASCII as they are.
    uri = "".join(quote(one, safe="/:@!$&'()*+,;=~-._") if one.isascii() else one for one in path)
    assert decoded("file:" + uri) == f"file:{path}"
