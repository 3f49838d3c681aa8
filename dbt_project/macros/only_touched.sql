{#-
  Restricts a statement over `relation` to the keys that have a row which this model has not seen, so
  that an aggregate is recomputed as a whole for just those keys. Empty in a full run.

  Arguments:
    relation: the upstream relation, read under that name.
    key (list): columns that the model aggregates by.
-#}
{% macro only_touched(relation, key) -%}
    {%- if is_incremental() -%}
    where ({{ key | join(", ") }}) in (
        select {{ key | join(", ") }} from {{ relation }} where {{ is_past_version(relation) }}
    )
    {%- endif -%}
{%- endmacro %}
