{% macro own_purchase_id(relation) -%}
    {%- set table = api.Relation.create(schema=relation.schema, identifier=relation.identifier) -%}
    {%- set columns = adapter.get_columns_in_relation(table) | map(attribute="name") | list if execute else [] -%}
    {{ return("nullif(trim(purchase_id), '')" if "purchase_id" in columns else "cast(null as string)") }}
{%- endmacro %}
