{% macro added_columns(relation, known, as_null=false) -%}
    {%- if execute -%}
        {#- By its name: with --empty or --sample the relation is a subquery, which has no columns to list. -#}
        {%- set table = api.Relation.create(schema=relation.schema, identifier=relation.identifier) -%}
        {%- for column in adapter.get_columns_in_relation(table) if column.name not in known -%}
            {{ "cast(null as " ~ column.dtype ~ ") as " if as_null }}`{{ column.name }}`,
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
