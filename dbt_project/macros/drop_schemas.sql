{#-
  Drops the schemas that the project builds in a target with a prefix (dev, ci), and all that stands in
  them: `dbt run-operation drop_schemas`. Production's schemas have no prefix, and stay.
-#}
{% macro drop_schemas() -%}
    {%- if target.schema == "default" -%}
        {{ exceptions.raise_compiler_error(
            "target " ~ target.name ~ " has no prefix, so its schemas are production's; nothing is dropped"
        ) }}
    {%- endif -%}
    {%- for schema in graph.nodes.values() | map(attribute="schema") | unique -%}
        {%- do run_query("drop schema if exists " ~ schema ~ " cascade") -%}
    {%- endfor -%}
{%- endmacro %}
