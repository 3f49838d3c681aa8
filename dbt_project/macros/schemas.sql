{#- Where the server keeps its tables: the lakehouse root, as the server itself was told. -#}
{% macro lakehouse_root() -%}
    {%- set rows = run_query("set spark.sql.warehouse.dir") -%}
    {{ return(rows.columns[1].values()[0] | replace("file:", "")) }}
{%- endmacro %}

{#- Schemas stand at `<root>/<schema>`, without the `.db` that Spark would add. -#}
{% macro spark__create_schema(relation) -%}
    {%- call statement("create_schema") -%}
        create schema if not exists {{ relation }} location '{{ lakehouse_root() }}/{{ relation.schema }}'
    {%- endcall -%}
{%- endmacro %}

{#-
  Registers the Delta tables that other processes write by path (sources with `meta.location: root`),
  so that the metastore, which only dbt's server owns, knows them before they are read.
-#}
{% macro register_bronze_tables() -%}
    {%- if execute and flags.WHICH in ["build", "run", "test", "snapshot", "freshness", "show"] -%}
        {%- set root = lakehouse_root() -%}
        {%- set schemas = [] -%}
        {%- for source in graph.sources.values() if source.meta.get("location") == "root" -%}
            {%- if source.schema not in schemas -%}
                {%- do schemas.append(source.schema) -%}
                {%- do run_query("create schema if not exists " ~ source.schema ~ " location '" ~ root ~ "/" ~ source.schema ~ "'") -%}
            {%- endif -%}
            {%- if adapter.get_relation(none, source.schema, source.identifier) is none -%}
                {%- set path = root ~ "/" ~ source.schema ~ "/" ~ source.identifier -%}
                {#- Fails where no table stands: `create table` alone would make one without columns. -#}
                {%- do run_query("describe detail delta.`" ~ path ~ "`") -%}
                {%- do run_query(
                    "create table if not exists " ~ source.schema ~ "." ~ source.identifier
                    ~ " using delta location '" ~ path ~ "'"
                ) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
