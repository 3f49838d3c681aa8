{{ config(incremental_strategy='merge', unique_key='record_id') }}

with

rejected as (

    select
        record_id,
        rejection_reasons,
        raw_line,
        event_type,
        user_id,
        product_id,
        origin,
        topic,
        load_id,
        position_in_load,
        landed_at
    from {{ ref('screened_events') }}
    where
        verdict = 'rejected'
        {% if is_incremental() %}
        and {{ is_past_positions([ref('screened_events')], only="verdict = 'rejected'") }}
        {% endif %}

)

select * from rejected
