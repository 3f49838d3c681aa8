{{ config(materialized='incremental', incremental_strategy='merge', unique_key='record_id') }}

{%- set fields = [
    'record_id', 'event_id', 'event_type', 'user_id', 'session_id', 'product_id', 'product_category_1',
    'simulated_message_at', 'extra_fields', 'is_readable', 'defects',
    'origin', 'topic', 'load_id', 'kafka_offset as position_in_load', 'landed_at', 'raw_line',
] -%}

with

customer_events as (

    select * from {{ ref('stg_kafka__customer_events') }}

),

product_views as (

    select * from {{ ref('stg_kafka__product_views') }}

),

landed as (

    select
        {{ fields | join(', ') }},
        cast(null as int) as view_seconds
    from customer_events

    union all

    select
        {{ fields | join(', ') }},
        view_seconds
    from product_views

),

records as (

    select * from landed
    {% if is_incremental() %}
    where {{ is_past_positions([ref('stg_kafka__customer_events'), ref('stg_kafka__product_views')], 'kafka_offset') }}
    {% endif %}

),

accepted_before as (

    {% if is_incremental() %}
    select
        event_id,
        record_id
    from {{ this }}
    where
        verdict = 'accepted'
        and event_id in (select records.event_id from records)
    {% else %}
    select
        event_id,
        record_id
    from records
    where false
    {% endif %}

),

-- The first usable record of an event is accepted; a later one repeats it.
compared as (

    select
        records.*,
        case
            when records.is_readable then coalesce(
                accepted_before.record_id,
                first_value(records.record_id) over (
                    partition by records.event_id, records.is_readable
                    order by records.landed_at, records.load_id, records.position_in_load
                )
            )
        end as accepted_record_id
    from records
    left join accepted_before
        on records.event_id = accepted_before.event_id

),

screened as (

    select
        record_id,
        event_id,
        event_type,
        user_id,
        session_id,
        product_id,
        product_category_1,
        view_seconds,
        simulated_message_at,
        extra_fields,
        case
            when not is_readable then 'rejected'
            when accepted_record_id != record_id then 'duplicate'
            else 'accepted'
        end as verdict,
        defects as rejection_reasons,
        accepted_record_id,
        origin,
        topic,
        load_id,
        position_in_load,
        landed_at,
        raw_line
    from compared

)

select * from screened
