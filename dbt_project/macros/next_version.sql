{#-
  SQL expression of a version for the rows that this run writes: higher than that of any row which the
  table ever held, whatever the clocks say. It is the Delta version of the write, which only grows:
  going back to an earlier version is a new one too, and so is a full refresh. A table that was copied
  begins to count anew and holds rows of higher versions; those are outbid as well.

  Two runs at once may be given the same number; the merge of the second then fails, as Delta lets no
  two of them read and write the same rows.

  Arguments:
    column (string): where the table keeps the version.
-#}
{% macro next_version(column) -%}
    {%- set newest = -1 -%}
    {%- if execute and load_relation(this) is not none -%}
        {%- set newest = run_query("describe history " ~ this ~ " limit 1")[0]["version"] -%}
    {%- endif -%}
    {%- if is_incremental() -%}
        greatest(bigint({{ newest + 1 }}), (select max(known.{{ column }}) + 1 from {{ this }} as known))
    {%- else -%}
        bigint({{ newest + 1 }})
    {%- endif -%}
{%- endmacro %}
