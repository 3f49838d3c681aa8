{#-
  A bucket from 0 to `buckets` - 1, the same for the same values for ever: XXH64 of the values,
  the project's seed and a purpose, so that buckets of different purposes are independent.

  Arguments:
    purpose (string): what the bucket is for, such as 'fold'.
    columns (list): SQL expressions that identify the row.
    buckets (int): how many buckets.
-#}
{% macro seeded_bucket(purpose, columns, buckets) -%}
    pmod(
        xxhash64(concat_ws('|', '{{ purpose }}', '{{ var("seed") }}', {{ columns | join(", ") }})),
        {{ buckets }}
    )
{%- endmacro %}
