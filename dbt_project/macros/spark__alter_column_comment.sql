{#- dbt-spark sends a statement, which is a commit of Delta, for each column and with every run. -#}
{% macro spark__alter_column_comment(relation, column_dict) -%}
    {%- if config.get("file_format") == "delta" -%}
        {%- set present = {} -%}
        {%- for row in run_query("describe table " ~ relation) -%}
            {%- do present.update({row[0] | lower: row[2]}) -%}
        {%- endfor -%}
        {%- set comments = [] -%}
        {%- for name, column in column_dict.items() -%}
            {%- if column["description"] and column["description"] != present.get(name | lower) -%}
                {%- set comment = column["description"] | replace("\\", "\\\\") | replace("'", "\\'") -%}
                {%- do comments.append(adapter.quote(name) ~ " comment '" ~ comment ~ "'") -%}
            {%- endif -%}
        {%- endfor -%}
        {%- if comments -%}
            {%- do run_query("alter table " ~ relation ~ " alter column " ~ comments | join(", ")) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
