{#- A list of texts as SQL literals: sql_list(['A', "L'Aquila"]) is 'A', 'L\'Aquila'. -#}
{% macro sql_list(values) -%}
    {%- for value in values -%}
        '{{ value | string | replace("\\", "\\\\") | replace("'", "\\'") }}'{{ ", " if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
