{% macro broken_expressions(expressions) -%}
    filter(
        array(
            {%- for rule, expression in expressions.items() %}
            case when ({{ expression }}) is not true then '{{ rule }}' end{{ "," if not loop.last }}
            {%- endfor %}
        ),
        rule -> rule is not null
    )
{%- endmacro %}
