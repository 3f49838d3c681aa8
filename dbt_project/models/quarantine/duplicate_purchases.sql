{{ config(incremental_strategy='merge', unique_key='record_id') }}

with

duplicates as (

    select
        record_id,
        accepted_record_id,
        event_id,
        user_id,
        product_id,
        purchase,
        raw_line,
        origin,
        data_kind,
        load_id,
        position_in_load,
        source_file,
        landed_at
    from {{ ref('screened_purchases') }}
    where
        verdict = 'duplicate'
        {% if is_incremental() %}
        and {{ is_past_positions([ref('screened_purchases')], only="verdict = 'duplicate'") }}
        {% endif %}

)

select * from duplicates
