-- A returned row is a partition of the topics customer-events and product-views whose records do not
-- add up: the offsets from the first to the last one less those that someone accepted as lost, the
-- records that bronze holds, and those that ended as an event, a rejection or a duplicate are the same
-- number, the first of them only where a topic has no gaps. While a stream runs, bronze
-- holds records that landed after the screening; they are the next run's. After a reset of the stream
-- bronze begins later than dbt's tables; what is older cannot be held against it.
-- It passes on empty tables: a lakehouse without a stream has no events.
{{ config(group='data_engineering') }}

with

records as (

    select
        load_id,
        kafka_offset
    from {{ ref('stg_kafka__customer_events') }}
    union all
    select
        load_id,
        kafka_offset
    from {{ ref('stg_kafka__product_views') }}

),

bronze_starts as (

    select
        load_id,
        min(kafka_offset) as first_position
    from records
    group by load_id

),

screened_up_to as (

    select
        load_id,
        max(screened.position_in_load) as last_position,
        count_if(
            screened.verdict = 'duplicate' and screened.position_in_load >= bronze_starts.first_position
        ) as count_duplicates
    from {{ ref('screened_events') }} as screened
    inner join bronze_starts using (load_id)
    group by load_id

),

lost as (

    select
        screened_up_to.load_id,
        sum(losses.count_offsets) as count_lost
    from screened_up_to
    inner join bronze_starts using (load_id)
    inner join {{ source('audit', 'stream_losses') }} as losses
        on
            screened_up_to.load_id = concat_ws(':', 'kafka', losses.topic, losses.kafka_partition)
            and losses.first_offset between bronze_starts.first_position and screened_up_to.last_position
    group by screened_up_to.load_id

),

landed as (

    select
        records.load_id,
        max(records.kafka_offset) - min(records.kafka_offset) + 1 as count_offsets,
        count(*) as count_landed,
        max(screened_up_to.count_duplicates) as count_duplicates
    from records
    inner join screened_up_to
        on
            records.load_id = screened_up_to.load_id
            and records.kafka_offset <= screened_up_to.last_position
    group by records.load_id

),

ended as (

    select
        load_id,
        record_id,
        'event' as ended_as
    from {{ ref('screened_events') }}
    where verdict = 'accepted'
    union all
    select
        load_id,
        record_id,
        'rejection' as ended_as
    from {{ ref('rejected_events') }}

),

accounted as (

    select
        load_id,
        count_if(ended.ended_as = 'event') as count_events,
        count_if(ended.ended_as = 'rejection') as count_rejections
    from ended
    inner join bronze_starts using (load_id)
    where cast(substring_index(ended.record_id, ':', -1) as bigint) >= bronze_starts.first_position
    group by load_id

)

select
    load_id,
    landed.count_offsets,
    landed.count_landed,
    lost.count_lost,
    accounted.count_events,
    accounted.count_rejections,
    landed.count_duplicates
from landed
full outer join accounted using (load_id)
left join lost using (load_id)
where
    (
        not {{ may_have_gaps("split_part(load_id, ':', 2)") }}
        and landed.count_offsets is distinct from landed.count_landed + coalesce(lost.count_lost, 0)
    )
    or landed.count_landed
    is distinct from accounted.count_events + accounted.count_rejections + landed.count_duplicates
