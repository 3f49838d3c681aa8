{% macro added_columns(relation, known, as_null=false) -%}
    {%- for column in columns_by_name(relation) if column.name not in known -%}
        {{ "cast(null as " ~ column.dtype ~ ") as " if as_null }}`{{ column.name }}`,
    {%- endfor -%}
{%- endmacro %}
