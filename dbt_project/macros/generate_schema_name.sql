{#-
  `<prefix>_<layer>`, as dbt itself names schemas, where a target has a prefix: a person's own (dev) or a
  run's own (ci). Without one, the target's schema is `default`, and a layer is a schema of that very name.
-#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- if target.schema == "default" and custom_schema_name -%}
        {{ custom_schema_name | trim }}
    {%- else -%}
        {{ default__generate_schema_name(custom_schema_name, node) }}
    {%- endif -%}
{%- endmacro %}
