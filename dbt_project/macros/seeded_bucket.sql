{% macro seeded_bucket(purpose, columns, buckets) -%}
    pmod(
        xxhash64(concat_ws('|', '{{ purpose }}', '{{ var("seed") }}', {{ columns | join(", ") }})),
        {{ buckets }}
    )
{%- endmacro %}
