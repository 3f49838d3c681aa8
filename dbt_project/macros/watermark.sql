{#-
  SQL condition that holds for rows not yet in this incremental model: rows whose `column` is past
  the highest value that the model holds. The value is read first and written into the SQL as a
  literal, so that Delta skips the files that hold only older rows.

  Arguments:
    column (string): a timestamp that only grows from one commit of the upstream table to the next.
-#}
{% macro is_past_watermark(column) -%}
    {%- set highest = none -%}
    {%- if execute -%}
        {%- set rows = run_query("select cast(max(" ~ column ~ ") as string) from " ~ this) -%}
        {%- set highest = rows.columns[0].values()[0] -%}
    {%- endif -%}
    {{ column }} > timestamp '{{ highest or "1970-01-01 00:00:00" }}'
{%- endmacro %}
