-- A returned row is a purchase of the stream whose record_id leads to no message in bronze, or to one
-- that tells of another purchase. The join is the lineage of any row of any table with a record_id:
-- back to topic, partition and offset. After a reset of the stream bronze begins later than the facts;
-- what is older leads nowhere.
-- It passes on empty tables: a lakehouse without a stream has no messages.
{{ config(group='data_engineering') }}

with

facts as (

    select
        *,
        split(record_id, ':') as place
    from {{ ref('fct_purchases') }}
    where origin = 'kafka'

),

messages as (

    select * from {{ ref('stg_kafka__purchases') }}

),

bronze_starts as (

    select
        topic,
        kafka_partition,
        min(kafka_offset) as first_offset
    from messages
    group by topic, kafka_partition

)

select
    facts.event_id,
    facts.record_id
from facts
inner join bronze_starts
    on
        facts.place[1] = bronze_starts.topic
        and cast(facts.place[2] as int) = bronze_starts.kafka_partition
        and cast(facts.place[3] as bigint) >= bronze_starts.first_offset
left join messages
    on
        facts.place[1] = messages.topic
        and cast(facts.place[2] as int) = messages.kafka_partition
        and cast(facts.place[3] as bigint) = messages.kafka_offset
where
    facts.event_id is distinct from messages.event_id
    or facts.user_id is distinct from messages.user_id
    or facts.product_id is distinct from messages.product_id
    or facts.purchase is distinct from messages.purchase
