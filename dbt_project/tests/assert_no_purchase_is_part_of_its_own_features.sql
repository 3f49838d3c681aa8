-- Features are made of three sets of the same purchases: as they are; with the amounts of fold 0 and
-- of validation and test altered; and with those of the latter alone altered (they do know of
-- fold 0). A returned row is
--   * a purchase of fold 0, of validation or of test, whose features of an altered set are not exactly those
--     of the unaltered one: they depend on amounts that they must not know, or
--   * a purchase of fold 1 whose features did not change, though fold 0 holds its category and it does
--     know of fold 0: the alteration does not reach the features, so the comparison above shows nothing.
-- Folds 0 and 1 and a hundred customers speak for all: what is proved is a property of the macros
-- that make the features, so they run over this sample, all three sets at once.
-- It passes if the set is empty; that it is not, the other tests of purchase_training_set tell.
{%- set features = [] -%}
{%- for encoding in encodings() if encoding != 'overall' -%}
{%- do features.extend([encoding ~ '_mean_purchase', encoding ~ '_count']) -%}
{%- endfor %}
with

all_purchases as (

    select * from {{ ref('purchase_training_set') }}

),

sampled_customers as (

    select user_id
    from {{ ref('customer_features') }}
    order by xxhash64(user_id)
    limit 100

),

sampled_purchases as (

    select all_purchases.*
    from all_purchases
    left semi join sampled_customers using (user_id)

),

purchases as (

    select
        event_id,
        user_id,
        product_id,
        product_category_1,
        product_category_2,
        product_category_3,
        purchase,
        split,
        fold,
        explode(array('as is', 'fold 0 and test', 'test')) as altered
    from sampled_purchases

),

purchases_of_sets as (

    select
        * except (purchase),
        case
            when altered != 'as is' and split != 'train' then purchase * 2 + 1000
            when altered = 'fold 0 and test' and fold = 0 then purchase * 2 + 1000
            else purchase
        end as purchase
    from purchases

),

encodings_of_sets as (

    {{ select_encodings('purchases_of_sets', within=['altered']) }}

),

purchases_to_compare as (

    select * from purchases_of_sets
    where split != 'train' or fold in (0, 1)

),

features_of_sets as (

    {{ select_encoded('purchases_to_compare', 'encodings_of_sets', within=['altered']) }}

),

compared as (

    select
        event_id,
        product_category_1,
        split,
        fold,
        count(distinct struct({{ features | join(', ') }})) filter (
            where altered in ('as is', if(split != 'train', 'test', 'fold 0 and test'))
        ) > 1 as is_changed
    from features_of_sets
    group by event_id, product_category_1, split, fold

),

categories_of_fold_0 as (

    select distinct product_category_1
    from sampled_purchases
    where fold = 0

)

select
    event_id,
    split,
    fold
from compared
where is_changed and fold is distinct from 1

union all

select
    compared.event_id,
    compared.split,
    compared.fold
from compared
left semi join categories_of_fold_0
    on compared.product_category_1 = categories_of_fold_0.product_category_1
where compared.fold = 1 and not compared.is_changed
