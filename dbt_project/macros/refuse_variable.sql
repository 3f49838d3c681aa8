{#-
  Ends the run with one line on a variable.

  Arguments:
    name (string): the variable.
    allowed (string): what it has to be, in words.
-#}
{% macro refuse_variable(name, allowed) -%}
    {{ exceptions.raise_compiler_error(
        "Variable " ~ name ~ " is " ~ var(name) ~ "; it has to be " ~ allowed
        ~ ". Correct it in dbt_project.yml or in --vars"
    ) }}
{%- endmacro %}
