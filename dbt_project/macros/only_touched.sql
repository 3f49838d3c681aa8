{% macro only_touched(relation, key) -%}
    {%- if is_incremental() -%}
    where ({{ key | join(", ") }}) in (
        select {{ key | join(", ") }} from {{ relation }} where {{ is_past_version(relation) }}
    )
    {%- endif -%}
{%- endmacro %}
