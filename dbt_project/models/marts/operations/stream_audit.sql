with

purchases as (

    select
        source_file as topic,
        load_id,
        position_in_load,
        verdict,
        landed_at
    from {{ ref('screened_purchases') }}
    where origin = 'kafka'

),

events as (

    select
        topic,
        load_id,
        position_in_load,
        verdict,
        landed_at
    from {{ ref('screened_events') }}

),

records as (

    select * from purchases
    union all
    select * from events

),

partitions as (

    select
        topic,
        cast(substring_index(load_id, ':', -1) as int) as kafka_partition,
        min(position_in_load) as first_offset,
        max(position_in_load) as last_offset,
        count(*) as count_landed,
        count_if(verdict = 'accepted') as count_accepted,
        count_if(verdict = 'rejected') as count_rejected,
        count_if(verdict = 'duplicate') as count_duplicates,
        min(landed_at) as first_landed_at,
        max(landed_at) as last_landed_at
    from records
    group by
        topic,
        load_id

)

select * from partitions
