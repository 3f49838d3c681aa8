{% macro is_number_between(value, low, high) -%}
    {{ return(value is number and value is not boolean and low <= value and value <= high) }}
{%- endmacro %}
