{% macro drop_target_schemas() -%}
    {%- if target.schema == "default" -%}
        {%- do exceptions.raise_compiler_error(
            "Target " ~ target.name ~ " is production's: its schemas have no prefix. Choose --target dev or ci"
        ) -%}
    {%- endif -%}
    {%- for schema in graph.nodes.values() | map(attribute="schema") | unique | sort -%}
        {%- if schema.startswith(target.schema) -%}
            {%- do run_query("drop schema if exists " ~ schema ~ " cascade") -%}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}
