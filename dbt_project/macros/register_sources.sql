{% macro register_sources() -%}
    {%- if execute and flags.WHICH != "seed" -%}
        {%- set schemas = run_query("show schemas").columns[0].values() -%}
        {%- for schema, sources in graph.sources.values() | selectattr("meta.location", "equalto", "root") | groupby("schema") -%}
            {%- if schema not in schemas -%}
                {%- do run_query("create schema if not exists " ~ schema) -%}
            {%- endif -%}
            {%- set known = run_query("show tables in " ~ schema).columns[1].values() -%}
            {%- set missing = sources | rejectattr("identifier", "in", known) | list -%}
            {%- set location = schema_location(schema) if missing -%}
            {%- for source in missing -%}
                {%- set path = location ~ "/" ~ source.identifier -%}
                {#- Fails where no table stands: `create table` alone would make one without columns. -#}
                {%- do run_query("describe detail delta.`" ~ path | replace("`", "``") ~ "`") -%}
                {#- Two runs may find it missing at once. -#}
                {%- do run_query(
                    "create table if not exists " ~ schema ~ "." ~ source.identifier
                    ~ " using delta location '" ~ path | replace("'", "\\'") ~ "'"
                ) -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
