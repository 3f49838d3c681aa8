{#-
  A table is built again, and a data test asked again, only when something that it rests on has
  changed: its SQL, a table that it reads or the SQL of a view between the two. What a table was built
  from is kept as a property of the table itself, `lakehouse.built_from`, so it goes back in time
  together with the table; what a test passed on is kept in audit.test_results. See
  docs/decisions/0004-skip-unchanged.md.
  `--vars 'skip_unchanged: false'` builds and asks everything.
-#}

{#-
  What this run has learnt so far, shared by its threads: `versions` (relation -> newest version),
  `views` (view -> its SQL), `passed` (test -> fingerprint of its newest result, if that was a pass) and
  `asked` (test -> fingerprint it was asked with in this run). dbt hands every node the same graph
  object; a version read twice is harmless, and rare: a node reads that of its own table before those
  begin that read it. A view is made anew before the nodes begin that read it, so its SQL holds for the run.
-#}
{% macro run_state() -%}
    {%- if "lakehouse" not in graph -%}
        {%- do graph.update({"lakehouse": {"versions": {}, "views": {}, "passed": {}, "asked": {}}}) -%}
    {%- endif -%}
    {{ return(graph["lakehouse"]) }}
{%- endmacro %}

{#-
  What the current node reads, sorted: `tables`, the Delta tables, those behind views included, and
  `views`, the views that it reads them through.
-#}
{% macro input_relations() -%}
    {%- set open = model.depends_on.nodes | list -%}
    {%- set tables = [] -%}
    {%- set views = [] -%}
    {%- set seen = [] -%}
    {%- for _ in range(1000) if open -%}
        {%- set node_id = open.pop() -%}
        {%- if node_id not in seen -%}
            {%- do seen.append(node_id) -%}
            {%- set node = graph.sources.get(node_id) or graph.nodes.get(node_id) -%}
            {%- set relation = node.schema ~ "." ~ (node.identifier or node.alias) -%}
            {%- if node.resource_type == "model" and node.config.materialized == "view" -%}
                {%- do views.append(relation) -%}
                {%- do open.extend(node.depends_on.nodes) -%}
            {%- else -%}
                {%- do tables.append(relation) -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return({"tables": tables | sort, "views": views | sort}) }}
{%- endmacro %}

{#- SQL of a view as the server runs it, whatever the project would make of it now. -#}
{% macro view_text(view) -%}
    {%- set views = run_state()["views"] -%}
    {%- if view not in views -%}
        {%- for row in run_query("describe extended " ~ view) if row[0] == "View Text" -%}
            {%- do views.update({view: row[1]}) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(views[view]) }}
{%- endmacro %}

{#-
  Newest version of a Delta table that brought other rows, with its time, which tells it from that of
  an earlier table of the same name. Commits that only tidy up do not count.
-#}
{% macro newest_version(relation) -%}
    {%- set versions = run_state()["versions"] -%}
    {%- if relation not in versions -%}
        {%- set tidying = ["OPTIMIZE", "VACUUM START", "VACUUM END", "SET TBLPROPERTIES"] -%}
        {%- set commits = run_query("describe history " ~ relation ~ " limit 10") -%}
        {%- set found = namespace(version=none) -%}
        {%- for commit in commits if found.version is none and commit["operation"] not in tidying -%}
            {%- set found.version = commit["version"] ~ "@" ~ commit["timestamp"] -%}
        {%- endfor -%}
        {%- do versions.update({relation: found.version or commits[0]["version"]}) -%}
    {%- endif -%}
    {{ return(versions[relation]) }}
{%- endmacro %}

{#-
  What the current node rests on now, as one hash: the newest version of each input, the SQL of each
  view in between and the SQL. The SQL of an incremental model says only what to do with new rows, and
  holds watermarks that differ from run to run, so there the file counts and not the compiled text,
  with the values of the variables that it names.
-#}
{% macro inputs_fingerprint() -%}
    {%- set inputs = input_relations() -%}
    {%- set parts = [] -%}
    {%- for table in inputs["tables"] -%}
        {%- do parts.append(table ~ "@" ~ newest_version(table)) -%}
    {%- endfor -%}
    {%- for view in inputs["views"] -%}
        {%- do parts.append(view ~ ": " ~ local_md5(view_text(view))) -%}
    {%- endfor -%}
    {%- if config.get("materialized") == "incremental" -%}
        {%- do parts.append(model.checksum.checksum) -%}
        {%- for name in modules.re.findall("\\bvar\\([\"'](\\w+)", model.raw_code) | unique | sort -%}
            {%- do parts.append(name ~ "=" ~ var(name)) -%}
        {%- endfor -%}
    {%- else -%}
        {%- do parts.append(sql) -%}
    {%- endif -%}
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
  Whether the current node makes its table by one `create or replace`, which can bear the fingerprint.
  A check constraint is added afterwards and may fail, so its table must not bear it before.
-#}
{% macro is_made_at_once(existing) -%}
    {%- set kind = config.get("materialized") -%}
    {{ return(
        (kind == "table" or existing is none or (kind == "incremental" and should_full_refresh()))
        and model.get("constraints", []) | selectattr("type", "equalto", "check") | list | length == 0
    ) }}
{%- endmacro %}

{#- Properties of a table that is created: those configured, and what it is built from. -#}
{% macro spark__tblproperties_clause() -%}
    {%- set properties = dict(config.get("tblproperties") or {}) -%}
    {%- if is_made_at_once(load_relation(this)) -%}
        {%- do properties.update({"lakehouse.built_from": inputs_fingerprint()}) -%}
    {%- endif -%}
    {%- for property, value in properties.items() -%}
        {{ "tblproperties (" if loop.first else ", " }}'{{ property }}' = '{{ value }}'{{ ")" if loop.last }}
    {%- endfor -%}
{%- endmacro %}

{#-
  Runs a materialization of dbt-spark, unless the table stands and its inputs are unchanged.

  Arguments:
    build (macro): the materialization to run.
-#}
{% macro build_when_inputs_changed(build) -%}
    {%- set existing = load_relation(this) -%}
    {%- set fingerprint = inputs_fingerprint() -%}
    {%- set table = this.schema ~ "." ~ this.identifier -%}
    {%- if existing is not none and existing.is_delta and not should_full_refresh()
        and var("skip_unchanged") and recorded_fingerprint(this) == fingerprint -%}
        {%- call noop_statement("main", "UNCHANGED") -%} -- inputs unchanged {%- endcall -%}
        {%- do newest_version(table) -%}
        {{ return({"relations": [this]}) }}
    {%- endif -%}
    {%- set result = build() -%}
    {%- if not is_made_at_once(existing) -%}
        {%- do run_query("alter table " ~ this ~ " set tblproperties ('lakehouse.built_from' = '" ~ fingerprint ~ "')") -%}
    {%- endif -%}
    {%- do run_state()["versions"].pop(table, none) -%}
    {%- do newest_version(table) -%}
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

{% materialization test, adapter="spark" %}
    {%- set state = run_state() -%}
    {%- set fingerprint = inputs_fingerprint() -%}
    {%- if var("skip_unchanged") and state["passed"].get(model.unique_id) == fingerprint -%}
        {%- call noop_statement("main", "UNCHANGED", res=state["no_failures"]) -%} -- inputs unchanged {%- endcall -%}
        {{ return({"relations": []}) }}
    {%- endif -%}
    {%- do state["asked"].update({model.unique_id: fingerprint}) -%}
    {{ return(dbt.materialization_test_default()) }}
{% endmaterialization %}
