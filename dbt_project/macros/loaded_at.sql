{#-
  When a source was last written to, for `dbt source freshness` and `source_status:fresher`: its newest
  row, plus one microsecond for each row. The rows are counted because a clock can be set back and rows
  can be deleted: either changes the table without a newer row. An empty table has an answer too.
-#}
{% macro loaded_at(column) -%}
    select timestamp_micros(unix_micros(coalesce(max({{ column }}), timestamp '1970-01-01')) + count(*))
    from {{ this }}
{%- endmacro %}
