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

losses as (

    select * from {{ source('audit', 'stream_losses') }}

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

),

lost as (

    -- one that nothing landed behind yet is no gap
    select
        partitions.topic,
        partitions.kafka_partition,
        sum(losses.count_offsets) as count_lost
    from partitions
    inner join losses
        on
            partitions.topic = losses.topic
            and partitions.kafka_partition = losses.kafka_partition
            and losses.first_offset between partitions.first_offset and partitions.last_offset
    group by
        partitions.topic,
        partitions.kafka_partition

),

accounted as (

    select
        partitions.topic,
        partitions.kafka_partition,
        partitions.first_offset,
        partitions.last_offset,
        partitions.count_landed,
        partitions.count_accepted,
        partitions.count_rejected,
        partitions.count_duplicates,
        partitions.first_landed_at,
        partitions.last_landed_at,
        coalesce(lost.count_lost, 0) as count_lost,
        {{ may_have_gaps('partitions.topic') }} as may_have_gaps
    from partitions
    left join lost
        on
            partitions.topic = lost.topic
            and partitions.kafka_partition = lost.kafka_partition

)

select * from accounted
