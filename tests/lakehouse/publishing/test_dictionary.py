"""The data dictionary is readable Markdown whatever the descriptions hold."""

from lakehouse.publishing.dictionary import dictionary


def node(name, **more):
    return {
        "resource_type": "model",
        "schema": "marts",
        "name": name,
        "description": "Each row is\none thing.",
        "columns": {"code": {"name": "code", "data_type": "string", "description": "`a` | `b`"}},
        "access": "public",
        "meta": {"owner": "Analysts"},
        "config": {"materialized": "table"},
        "depends_on": {"nodes": []},
    } | more


def test_a_table_links_its_parents_and_says_whose_it_is():
    source = {"resource_type": "source", "schema": "odd", "name": "x", "identifier": "raw_x"}
    manifest = {
        "sources": {"source.x": node("x") | source},
        "nodes": {"model.m": node("m", depends_on={"nodes": ["source.x", "source.x"]})},
    }
    text = dictionary(manifest)
    assert "Public · written as table · owner: Analysts · made from [raw_x](#oddraw_x)" in text
    assert "### odd.raw_x\n\nEach row is one thing.\n\nSource: dbt only reads it" in text
    assert "| `code` | string | `a` \\| `b` |" in text
    # A schema that nobody thought of comes last, and is there.
    assert text.index("## marts") < text.index("## odd")
