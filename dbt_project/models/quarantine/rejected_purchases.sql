{{ config(incremental_strategy='merge', unique_key='record_id') }}

with

rejected as (

    select
        record_id,
        rejection_reasons,
        raw_line,
        user_id,
        product_id,
        purchase,
        accepted_record_id,
        origin,
        data_kind,
        load_id,
        position_in_load,
        source_file,
        landed_at
    from {{ ref('screened_purchases') }}
    where
        verdict = 'rejected'
        {% if is_incremental() %}
        and {{ is_past_positions([ref('screened_purchases')], only="verdict = 'rejected'") }}
        {% endif %}

)

select * from rejected
