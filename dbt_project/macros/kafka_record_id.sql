{% macro kafka_record_id() -%}
    concat_ws(':', 'kafka', topic, kafka_partition, kafka_offset)
{%- endmacro %}
