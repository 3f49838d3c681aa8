-- A returned row is a purchase that only one of the two tables holds, or that they tell differently:
-- by its amount, its customer or product, its price flags or the record it comes from.
-- It passes if both are empty; that they are not, the tests of cleansed_purchases tell.
{%- set compared = [
    'purchase', 'user_id', 'product_id', 'city_category', 'age', 'category_price_quintile',
    'is_outlier_by_iqr', 'is_outlier_by_z_score', 'record_id'
] %}
with

cleansed as (

    select event_id, {{ compared | join(', ') }} from {{ ref('cleansed_purchases') }}

),

facts as (

    select event_id, {{ compared | join(', ') }} from {{ ref('fct_purchases') }}

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
