{#- The history of data tests, and with it the knowledge of which need not be asked again. -#}

{% macro prepare_test_results() -%}
    {%- if execute and flags.WHICH in ["build", "test"] -%}
        {%- do run_query("create schema if not exists audit location '" ~ lakehouse_root() ~ "/audit'") -%}
        {%- do run_query(
            "create table if not exists audit.test_results (test_id string, test_name string, status string, "
            ~ "count_failures bigint, fingerprint string, invocation_id string, tested_at timestamp) using delta"
        ) -%}
        {%- set passed = run_query(
            "select test_id, max_by(fingerprint, tested_at) from audit.test_results "
            ~ "group by test_id having max_by(status, tested_at) = 'pass'"
        ) -%}
        {%- for row in passed -%}
            {%- do run_state()["passed"].update({row[0]: row[1]}) -%}
        {%- endfor -%}
        {%- do run_state().update({
            "no_failures": run_query("select bigint(0) as failures, false as should_warn, false as should_error")
        }) -%}
    {%- endif -%}
{%- endmacro %}

{% macro record_test_results(results) -%}
    {%- if execute and flags.WHICH in ["build", "test"] -%}
        {%- set asked = run_state()["asked"] -%}
        {%- set rows = [] -%}
        {%- for result in results if result.node.unique_id in asked -%}
            {%- do rows.append(
                "('" ~ result.node.unique_id ~ "', '" ~ result.node.name ~ "', '" ~ result.status ~ "', "
                ~ (result.failures if result.failures is not none else "null")
                ~ ", '" ~ asked[result.node.unique_id] ~ "', '" ~ invocation_id ~ "', timestamp '" ~ run_started_at ~ "')"
            ) -%}
        {%- endfor -%}
        {%- if rows -%}
            {%- do run_query("insert into audit.test_results values " ~ rows | join(", ")) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
