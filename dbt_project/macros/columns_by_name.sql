{% macro columns_by_name(relation) -%}
    {#- By its name: with --empty or --sample the relation is a subquery, which has no columns to list. -#}
    {%- set table = api.Relation.create(schema=relation.schema, identifier=relation.identifier) -%}
    {{ return(adapter.get_columns_in_relation(table) if execute else []) }}
{%- endmacro %}
