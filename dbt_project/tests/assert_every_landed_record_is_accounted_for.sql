-- A returned row is a load whose records do not add up: the records that the first pass counted in
-- the file, or the offsets from the first to the last one of a Kafka partition less those that someone
-- accepted as lost, those that bronze holds, and those that ended as a purchase, a rejection or a
-- duplicate are the same number, and so are the amounts that could be read. Offsets count only where a
-- topic has no gaps. What became of the records is read from the tables they ended
-- in, not from the verdicts, so that a table that lost rows shows. While a stream runs, bronze holds
-- records that landed after the screening; they are the next run's. After a reset of the stream bronze
-- begins later than dbt's tables; what is older cannot be held against it.
-- It passes on empty tables; that there are purchases, the tests of cleansed_purchases tell.
{{ config(group='data_engineering') }}

with

bronze_starts as (

    select
        load_id,
        min(position_in_load) as first_position
    from {{ ref('landed_purchases') }}
    where origin = 'kafka'
    group by load_id

),

screened_up_to as (

    select
        load_id,
        max(position_in_load) as last_position
    from {{ ref('screened_purchases') }}
    where origin = 'kafka'
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
        coalesce(
            max(records.load_row_count), max(records.position_in_load) - min(records.position_in_load) + 1
        ) as count_in_file,
        coalesce(
            min(records.load_row_count), max(records.position_in_load) - min(records.position_in_load) + 1
        ) as count_in_file_on_other_rows,
        count(*) as count_landed,
        coalesce(sum(records.purchase), 0) as sum_landed
    from {{ ref('landed_purchases') }} as records
    left join screened_up_to
        on records.load_id = screened_up_to.load_id
    where
        records.origin = 'csv'
        or records.position_in_load <= screened_up_to.last_position
    group by records.load_id

),

ended as (

    select
        load_id,
        record_id,
        origin,
        purchase,
        'purchase' as ended_as
    from {{ ref('cleansed_purchases') }}
    union all
    select
        load_id,
        record_id,
        origin,
        purchase,
        'rejection' as ended_as
    from {{ ref('rejected_purchases') }}
    union all
    select
        load_id,
        record_id,
        origin,
        purchase,
        'duplicate' as ended_as
    from {{ ref('duplicate_purchases') }}

),

accounted as (

    select
        load_id,
        count(*) as count_accounted,
        count_if(ended.ended_as = 'purchase') as count_purchases,
        count_if(ended.ended_as = 'rejection') as count_rejections,
        count_if(ended.ended_as = 'duplicate') as count_duplicates,
        coalesce(sum(ended.purchase), 0) as sum_accounted
    from ended
    left join bronze_starts using (load_id)
    where
        ended.origin = 'csv'
        or cast(substring_index(ended.record_id, ':', -1) as bigint) >= bronze_starts.first_position
    group by load_id

)

select
    load_id,
    landed.count_in_file,
    landed.count_landed,
    lost.count_lost,
    accounted.count_purchases,
    accounted.count_rejections,
    accounted.count_duplicates,
    landed.sum_landed,
    accounted.sum_accounted
from landed
full outer join accounted using (load_id)
left join lost using (load_id)
where
    landed.count_in_file is distinct from landed.count_in_file_on_other_rows
    or (
        not {{ may_have_gaps("split_part(load_id, ':', 2)") }}
        and landed.count_in_file is distinct from landed.count_landed + coalesce(lost.count_lost, 0)
    )
    or landed.count_landed is distinct from accounted.count_accounted
    or landed.sum_landed is distinct from accounted.sum_accounted
