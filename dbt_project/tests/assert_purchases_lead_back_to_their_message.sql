-- A returned row is a purchase of the stream whose record_id leads to no message in bronze, or to one
-- that tells of another purchase. The join is the lineage of any row of any table with a record_id:
-- back to topic, partition and offset.
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

)

select
    facts.event_id,
    facts.record_id
from facts
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
