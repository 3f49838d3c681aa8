{% macro may_have_gaps(topic) -%}
    {%- set topics = [] -%}
    {%- for name, kind in var("messages")["topics"].items() if kind.get("may_have_gaps") -%}
        {%- do topics.append(name) -%}
    {%- endfor -%}
    {{ return(topic ~ " in (" ~ sql_list(topics) ~ ")" if topics else "false") }}
{%- endmacro %}
