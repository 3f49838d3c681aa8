-- A returned row is a purchase of a sample whose features are not what the definition gives when it
-- is written down directly: count and mean of the other training purchases with the same key, of
-- other folds for a training purchase, of all folds for a validation or test purchase. The sample
-- takes the first purchases by event_id, which is as good as random, from each of the three splits.
-- It passes if the set is empty; that it is not, the other tests of purchase_training_set tell.
{%- set keys = {
    'category': ['product_category_1'],
    'categories': ['product_category_1', 'product_category_2', 'product_category_3'],
    'product': ['product_id'],
    'user': ['user_id'],
    'user_category': ['user_id', 'product_category_1'],
} %}
with

purchases as (

    select * from {{ ref('split_purchases') }}

),

ranked as (

    select
        *,
        row_number() over (partition by split order by event_id) as position_in_split
    from {{ ref('purchase_training_set') }}

),

sample as (

    select * from ranked
    where position_in_split <= 5

),

defined as (

    select
        sample.event_id
        {%- for encoding, columns in keys.items() %}
        {%- set is_known -%}
            {%- for column in columns %}sample.{{ column }} = known.{{ column }}{{ ' and ' if not loop.last }}{% endfor -%}
        {%- endset %},
        count_if({{ is_known }}) as {{ encoding }}_count,
        avg(known.purchase) filter (where {{ is_known }}) as {{ encoding }}_mean_purchase
        {%- endfor %}
    from sample
    left join purchases as known
        on known.split = 'train'
            and (sample.fold is null or sample.fold != known.fold)
    group by sample.event_id

)

select
    sample.event_id
    {%- for encoding in keys %},
    sample.{{ encoding }}_count,
    defined.{{ encoding }}_count as defined_{{ encoding }}_count,
    sample.{{ encoding }}_mean_purchase,
    defined.{{ encoding }}_mean_purchase as defined_{{ encoding }}_mean_purchase
    {%- endfor %}
from sample
inner join defined
    on sample.event_id = defined.event_id
where
    {%- for encoding in keys %}
    {{ 'or ' if not loop.first }}sample.{{ encoding }}_count != defined.{{ encoding }}_count
    or abs(sample.{{ encoding }}_mean_purchase - defined.{{ encoding }}_mean_purchase) > 1e-6
    {%- endfor %}
