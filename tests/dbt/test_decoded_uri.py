"""A location as Spark shows it becomes the path again, whatever letters the path has."""

from urllib.parse import quote

import pytest
from macro_under_test import call_macro


@pytest.mark.parametrize(
    "path", ["/plain/path", "/it's ü", "/100 %", "/a%20b", "/<#?{`^|>}", '/日本 "q" \\ [1]']
)
def test_a_path_comes_back_from_its_uri(path: str) -> None:
    # As java.net.URI does it, which leaves letters beyond ASCII as they are.
    uri = "".join(quote(one, safe="/:@!$&'()*+,;=~-._") if one.isascii() else one for one in path)
    assert call_macro("decoded_uri", "file:" + uri) == f"file:{path}"
