-- Features are made again from purchases with altered amounts, twice: with fold 3 and the test set
-- altered, and with the test set alone altered (a test purchase does know of fold 3). A returned row
-- is
--   * a purchase of fold 3, or of the test set, whose features are not exactly those of the unaltered
--     purchases: they depend on amounts that they must not know, or
--   * one row without an event_id, if the features of no purchase of fold 4 changed, which does know
--     of fold 3: then the alteration reaches no features, and the comparison above shows nothing.
-- Folds 3 and 4 and a hundred customers speak for all: what is proved is a property of the macros, so
-- the features are made from the sample alone, unaltered and altered.
{%- set features = [] -%}
{%- for encoding in encodings() if encoding != 'overall' -%}
{%- do features.extend([encoding ~ '_mean_purchase', encoding ~ '_count']) -%}
{%- endfor %}
with

all_purchases as (

    select * from {{ ref('split_purchases') }}

),

sampled_customers as (

    select user_id
    from all_purchases
    group by user_id
    order by xxhash64(user_id)
    limit 100

),

purchases as (

    select all_purchases.*
    from all_purchases
    left semi join sampled_customers using (user_id)

),

encodings as (

    {{ select_encodings('purchases') }}

),

training_set as (

    {{ select_encoded('purchases', 'encodings') }}

),

purchases_with_fold_altered as (

    select
        * except (purchase),
        case when split = 'test' or fold = 3 then purchase * 2 + 1000 else purchase end as purchase
    from purchases

),

encodings_with_fold_altered as (

    {{ select_encodings('purchases_with_fold_altered') }}

),

purchases_of_two_folds as (

    select * from purchases_with_fold_altered
    where fold in (3, 4)

),

features_with_fold_altered as (

    {{ select_encoded('purchases_of_two_folds', 'encodings_with_fold_altered') }}

),

purchases_with_test_altered as (

    select
        * except (purchase),
        case when split = 'test' then purchase * 2 + 1000 else purchase end as purchase
    from purchases

),

encodings_with_test_altered as (

    {{ select_encodings('purchases_with_test_altered') }}

),

purchases_of_test as (

    select * from purchases_with_test_altered
    where split = 'test'

),

features_with_test_altered as (

    {{ select_encoded('purchases_of_test', 'encodings_with_test_altered') }}

),

altered as (

    select event_id, struct({{ features | join(', ') }}) as features from features_with_fold_altered
    union all
    select event_id, struct({{ features | join(', ') }}) as features from features_with_test_altered

),

original as (

    select event_id, split, fold, struct({{ features | join(', ') }}) as features from training_set

),

compared as (

    select
        altered.event_id,
        original.split,
        original.fold,
        altered.features is distinct from original.features as is_changed
    from altered
    left join original
        on altered.event_id = original.event_id

)

select
    event_id,
    split,
    fold
from compared
where is_changed and fold is distinct from 4

union all

select
    cast(null as string) as event_id,
    'train' as split,
    4 as fold
from compared
having count_if(fold = 4) > 0 and count_if(fold = 4 and is_changed) = 0
