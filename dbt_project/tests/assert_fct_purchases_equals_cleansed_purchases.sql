-- A returned row is a purchase that only one of the two tables holds, or that they tell differently: in
-- any column of the facts but those that say when and by which write the cleansing last touched the row.
-- It passes if both are empty; that they are not, the tests of cleansed_purchases tell.
{%- set told_apart_by_writes = ['event_id', 'cleansed_at', 'cleansed_version'] -%}
{#- By its name: with --empty a ref is a subquery, which has no columns to list. #}
{%- set facts = ref('fct_purchases') -%}
{%- set compared = adapter.get_columns_in_relation(api.Relation.create(schema=facts.schema, identifier=facts.identifier))
    | map(attribute='name') | reject('in', told_apart_by_writes) | list %}
with

cleansed as (

    select {{ (['event_id'] + compared) | join(', ') }} from {{ ref('cleansed_purchases') }}

),

facts as (

    select {{ (['event_id'] + compared) | join(', ') }} from {{ ref('fct_purchases') }}

)

select
    event_id,
    cleansed.record_id as cleansed_record_id,
    facts.record_id as fact_record_id,
    cleansed.purchase as cleansed_purchase,
    facts.purchase as fact_purchase
from cleansed
full outer join facts using (event_id)
where
    false
    {% for column in compared %}
    or cleansed.{{ column }} is distinct from facts.{{ column }}
    {% endfor %}
