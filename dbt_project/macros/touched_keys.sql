{#-
  Restricts a statement over `relation` to the keys that have a row past this model's watermark, so
  that an aggregate is recomputed as a whole for just those keys. Empty in a full run.

  Arguments:
    relation: the upstream relation, read under that name.
    key (string): column that the model aggregates by.
    watermark_column (string): a timestamp of upstream, kept by this model as its highest value.
-#}
{% macro only_touched(relation, key, watermark_column='cleansed_at') -%}
    {%- if is_incremental() -%}
    where {{ key }} in (
        select {{ key }} from {{ relation }} where {{ is_past_watermark(watermark_column) }}
    )
    {%- endif -%}
{%- endmacro %}
