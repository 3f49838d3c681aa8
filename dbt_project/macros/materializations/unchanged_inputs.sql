{#-
  A model is built again only when something it is built from has changed: its SQL or a table that it
  reads. What it was built from is kept as a property of the table itself, `lakehouse.built_from`, so
  it goes back in time together with the table. See docs/decisions/0004-skip-unchanged.md.
-#}

{#- Delta tables that the current node reads, views resolved to the tables behind them, sorted. -#}
{% macro input_relations() -%}
    {%- set open = model.depends_on.nodes | list -%}
    {%- set found = [] -%}
    {%- set seen = [] -%}
    {%- for _ in range(1000) if open -%}
        {%- set node_id = open.pop() -%}
        {%- if node_id not in seen -%}
            {%- do seen.append(node_id) -%}
            {%- set node = graph.sources.get(node_id) or graph.nodes.get(node_id) -%}
            {%- if node.resource_type == "model" and node.config.materialized in ["view", "ephemeral"] -%}
                {%- do open.extend(node.depends_on.nodes) -%}
            {%- else -%}
                {%- do found.append(node.schema ~ "." ~ (node.identifier or node.alias)) -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(found | sort) }}
{%- endmacro %}

{#-
  What the current node would be built from now, as one hash: the newest version of each input and
  the SQL. The SQL of an incremental model says only what to do with new rows, and holds watermarks
  that differ from run to run, so there the file counts and not the compiled text.
-#}
{% macro inputs_fingerprint() -%}
    {%- set parts = [] -%}
    {%- for relation in input_relations() -%}
        {%- set newest = run_query("describe history " ~ relation ~ " limit 1") -%}
        {%- do parts.append(relation ~ "@" ~ newest.columns["version"].values()[0] ~ "@" ~ newest.columns["timestamp"].values()[0]) -%}
    {%- endfor -%}
    {%- do parts.append(compiled_code if config.get("materialized") == "table" else model.checksum.checksum) -%}
    {{ return(local_md5(parts | join("\n"))) }}
{%- endmacro %}

{#- What the existing table was built from, or none. -#}
{% macro recorded_fingerprint(relation) -%}
    {%- set rows = run_query("show tblproperties " ~ relation) -%}
    {%- for row in rows if row[0] == "lakehouse.built_from" -%}
        {{ return(row[1]) }}
    {%- endfor -%}
    {{ return(none) }}
{%- endmacro %}

{#-
  Runs a materialization of dbt-spark, unless the table stands and its inputs are unchanged.

  Arguments:
    build (macro): the materialization to run.
-#}
{% macro build_when_inputs_changed(build) -%}
    {%- set existing = load_relation(this) -%}
    {%- set fingerprint = inputs_fingerprint() -%}
    {%- if existing is not none and existing.is_delta and not should_full_refresh()
        and recorded_fingerprint(this) == fingerprint -%}
        {%- call noop_statement("main", "UNCHANGED") -%} -- inputs unchanged {%- endcall -%}
        {{ return({"relations": [this]}) }}
    {%- endif -%}
    {%- set result = build() -%}
    {%- do run_query("alter table " ~ this ~ " set tblproperties ('lakehouse.built_from' = '" ~ fingerprint ~ "')") -%}
    {{ return(result) }}
{%- endmacro %}

{% materialization table, adapter="spark" %}
    {{ return(build_when_inputs_changed(dbt.materialization_table_spark)) }}
{% endmaterialization %}

{% materialization incremental, adapter="spark" %}
    {{ return(build_when_inputs_changed(dbt.materialization_incremental_spark)) }}
{% endmaterialization %}

{% materialization snapshot, adapter="spark" %}
    {{ return(build_when_inputs_changed(dbt.materialization_snapshot_spark)) }}
{% endmaterialization %}
