{#-
  A model that holds a higher version than upstream does has seen rows that are gone: upstream was made anew
  or put back, and all of its rows count as new. The two highest versions are read first, in one statement,
  and written into the SQL as a literal, so that Delta skips the files of older rows.
-#}
{% macro is_past_version(upstream) -%}
    {%- set held, newest = none, none -%}
    {%- if execute -%}
        {%- set rows = run_query(
            "select (select max(cleansed_version) from " ~ this ~ ") as held, "
            ~ "(select max(cleansed_version) from " ~ upstream ~ ") as newest"
        ) -%}
        {%- set held, newest = rows[0]["held"], rows[0]["newest"] -%}
    {%- endif -%}
    {%- if held is none or newest is none or held > newest -%}
        true
    {%- else -%}
        cleansed_version > {{ held }}
    {%- endif -%}
{%- endmacro %}
