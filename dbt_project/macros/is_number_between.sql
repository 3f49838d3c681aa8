{#-
  Whether a value is a number between two others, which count as well. True, false and what is no
  number, `.nan` for instance, are not.

  Arguments:
    value: anything that YAML can hold.
    low (number): the least that it may be.
    high (number): the most that it may be.
-#}
{% macro is_number_between(value, low, high) -%}
    {{ return(value is number and value is not boolean and low <= value and value <= high) }}
{%- endmacro %}
