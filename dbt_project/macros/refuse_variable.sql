{% macro refuse_variable(name, allowed) -%}
    {{ exceptions.raise_compiler_error(
        "Variable " ~ name ~ " is " ~ var(name) ~ "; it has to be " ~ allowed
        ~ ". Correct it in dbt_project.yml or in --vars"
    ) }}
{%- endmacro %}
