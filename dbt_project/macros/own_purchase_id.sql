{% macro own_purchase_id(relation) -%}
    {%- set columns = columns_by_name(relation) | map(attribute="name") -%}
    {{ return("nullif(trim(purchase_id), '')" if "purchase_id" in columns else "cast(null as string)") }}
{%- endmacro %}
