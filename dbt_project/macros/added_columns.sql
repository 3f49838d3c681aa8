{#-
  The columns of a relation beyond the known ones, each before a comma: a column that a new file
  brings passes through without a change of the model.

  Arguments:
    relation: the relation that may have further columns.
    known (list): names of those that it always has.
    as_null (bool): instead of each column its name for null, for records that have no such column.
-#}
{% macro added_columns(relation, known, as_null=false) -%}
    {%- if execute -%}
        {#- By its name: with --empty or --sample the relation is a subquery, which has no columns to list. -#}
        {%- set table = api.Relation.create(schema=relation.schema, identifier=relation.identifier) -%}
        {%- for column in adapter.get_columns_in_relation(table) if column.name not in known -%}
            {{ "cast(null as " ~ column.dtype ~ ") as " if as_null }}`{{ column.name }}`,
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}

{#- Columns of bronze.csv_purchases before any file brought a further one. -#}
{% macro csv_purchases_columns() -%}
    {{ return([
        "load_id", "line_number", "landed_at", "source_file", "data_kind", "load_row_count",
        "user_id", "product_id", "gender", "age", "occupation", "city_category",
        "stay_in_current_city_years", "marital_status",
        "product_category_1", "product_category_2", "product_category_3", "purchase",
        "raw_line", "landing_defect",
    ]) }}
{%- endmacro %}
