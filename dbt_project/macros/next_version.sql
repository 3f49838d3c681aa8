{#-
  Two runs at once may be given the same number; the merge of the second then fails, as Delta lets no two of
  them read and write the same rows.
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
