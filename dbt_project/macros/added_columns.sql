{% macro added_columns(relation, known, as_null=false) -%}
    {%- if execute -%}
        {%- for column in adapter.get_columns_in_relation(relation) if column.name not in known -%}
            {{ "cast(null as " ~ column.dtype ~ ") as " if as_null }}`{{ column.name }}`,
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
