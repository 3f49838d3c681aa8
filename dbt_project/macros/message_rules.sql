{% macro message_rules() -%}
    {%- set topics = var("messages")["topics"] -%}
    {%- set rules = {"topic_is_known": "topic in (" ~ sql_list(topics) ~ ")"} -%}
    {%- for topic, kind in topics.items() -%}
        {%- for name, field in kind["fields"].items() -%}
            {%- set column = "event_at" if field["type"] == "timestamp" else name -%}
            {%- set checks = [] -%}
            {%- if "allowed" in field -%}
                {%- do checks.append(column ~ " in (" ~ sql_list(field["allowed"]) ~ ")") -%}
            {%- endif -%}
            {%- if "codes" in field -%}
                {%- do checks.append(column ~ " between " ~ field["codes"]["first"] ~ " and " ~ field["codes"]["last"]) -%}
            {%- endif -%}
            {%- if "pattern" in field -%}
                {%- do checks.append(column ~ " rlike " ~ sql_list(["^(?:" ~ field["pattern"] ~ ")$"])) -%}
            {%- endif -%}
            {%- if "minimum" in field -%}
                {%- do checks.append(column ~ " >= " ~ field["minimum"]) -%}
            {%- endif -%}
            {%- if "maximum" in field -%}
                {%- do checks.append(column ~ " <= " ~ field["maximum"]) -%}
            {%- endif -%}
            {%- set is_fine = checks | join(" and ") or "true" -%}
            {%- if field.get("is_required", true) -%}
                {%- set is_fine = column ~ " is not null and " ~ is_fine -%}
            {%- else -%}
                {%- set is_fine = column ~ " is null or (" ~ is_fine ~ ")" -%}
            {%- endif -%}
            {%- do rules.update({
                topic | replace("-", "_") ~ "_" ~ name: "not is_valid or topic != '" ~ topic ~ "' or (" ~ is_fine ~ ")"
            }) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(rules) }}
{%- endmacro %}
