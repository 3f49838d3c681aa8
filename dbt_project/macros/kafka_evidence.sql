{% macro kafka_evidence() -%}
    -- whether the record can be used
    coalesce(is_valid, false) as is_readable,
    case
        when is_valid then cast(array() as array<string>)
        else coalesce(rejection_reason, array('reason_is_missing'))
    end as defects,

    -- where the record comes from
    'kafka' as origin,
    topic,
    kafka_partition,
    kafka_offset,
    concat_ws(':', 'kafka', topic, kafka_partition) as load_id,
    kafka_timestamp,
    ingested_at as landed_at,
    left(
        case
            when is_valid_utf8(cast(raw_value as string)) then cast(raw_value as string)
            else concat('base64:', base64(raw_value))
        end,
        4096
    ) as raw_line
{%- endmacro %}
