{% macro register_sources() -%}
    {%- if execute and flags.WHICH != "seed" -%}
        {%- for schema, sources in graph.sources.values() | selectattr("meta.location", "equalto", "root") | groupby("schema") -%}
            {%- set known = adapter.list_relations(none, schema) | map(attribute="identifier") | list -%}
            {%- set missing = sources | rejectattr("identifier", "in", known) | list -%}
            {%- if missing -%}
                {%- do run_query("create schema if not exists " ~ schema) -%}
                {%- set folder = schema_location(schema) -%}
                {%- for source in missing -%}
                    {%- set path = folder ~ "/" ~ source.identifier -%}
                    {#- Fails where no table stands: `create table` alone would make one without columns. -#}
                    {%- do run_query("describe detail delta.`" ~ path ~ "`") -%}
                    {#- Two runs may find it missing at once. -#}
                    {%- do run_query(
                        "create table if not exists " ~ schema ~ "." ~ source.identifier
                        ~ " using delta location '" ~ path ~ "'"
                    ) -%}
                {%- endfor -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
