{{ config(
    materialized='incremental',
    incremental_strategy='merge',
    unique_key='event_id'
) }}

with

accepted_purchases as (

    select * from {{ ref('screened_purchases') }}
    where verdict = 'accepted'

),

price_bounds as (

    select * from {{ ref('category_price_bounds') }}

),

simulated_slots as (

    select
        simulated_hour_at,
        explode(sequence(first_slot, last_slot)) as slot
    from {{ ref('simulated_hour_slots') }}

),

-- A message does not tell what kind of data it is. One lakehouse holds one kind, that of its files.
kind_of_files as (

    select max(data_kind) as data_kind
    from {{ ref('screened_purchases') }}
    where origin = 'csv'

),

-- A customer shops in one to five visits, each in one hour of the weekend; every purchase falls
-- into one of them. All of it follows from the ids alone, so a row keeps its time for ever.
visited as (

    select
        *,
        {{ seeded_bucket('visit', ['event_id'], seeded_bucket('visits', ['user_id'], 5) ~ ' + 1') }} as visit
    from accepted_purchases

),

timed as (

    select
        visited.*,
        timestampadd(
            millisecond,
            {{ seeded_bucket('start', ['user_id', 'visit'], 1800000) }}
            + {{ seeded_bucket('moment', ['event_id'], 1800000) }},
            simulated_slots.simulated_hour_at
        ) as simulated_event_at
    from visited
    inner join simulated_slots
        on simulated_slots.slot = {{ seeded_bucket('hour', ['user_id', 'visit'], 1000) }}

),

compared as (

    select
        timed.* except (data_kind),
        coalesce(timed.data_kind, kind_of_files.data_kind) as data_kind,
        (timed.purchase - price_bounds.mean_purchase)
        / nullif(price_bounds.sd_purchase, 0) as z_score,
        price_bounds.lower_fence,
        price_bounds.upper_fence,
        1 + size(filter(price_bounds.quintile_cuts, cut -> timed.purchase > cut)) as category_price_quintile
    from timed
    inner join price_bounds
        on timed.product_category_1 = price_bounds.product_category_1
    cross join kind_of_files

),

cleansed as (

    select
        event_id,
        user_id,
        product_id,
        gender,
        age,
        occupation,
        city_category,
        stay_in_current_city_years,
        {{ least_years('stay_in_current_city_years') }} as stay_in_current_city_min_years,
        marital_status,
        product_category_1,
        product_category_2,
        product_category_3,
        1 + int(product_category_2 is not null) + int(product_category_3 is not null) as count_product_categories,
        purchase,
        category_price_quintile,
        purchase < lower_fence or purchase > upper_fence as is_outlier_by_iqr,
        coalesce(abs(z_score) > {{ var('outlier_z_score') }}, false) as is_outlier_by_z_score,
        nullif(
            concat_ws(
                '; ',
                case
                    when purchase < lower_fence then 'under the lower IQR fence of its category'
                    when purchase > upper_fence then 'over the upper IQR fence of its category'
                end,
                case
                    when z_score < -{{ var('outlier_z_score') }}
                        then 'Z-score in its category under -{{ var("outlier_z_score") }}'
                    when z_score > {{ var('outlier_z_score') }}
                        then 'Z-score in its category over {{ var("outlier_z_score") }}'
                end
            ),
            ''
        ) as outlier_reason,
        simulated_event_at,
        record_id,
        origin,
        data_kind,
        load_id,
        landed_at,
        simulated_message_at,
        extra_fields,
        {{ added_columns(source('bronze', 'csv_purchases'), csv_purchases_columns()) }}
        current_timestamp() as cleansed_at,
        {{ next_version('cleansed_version') }} as cleansed_version
    from compared

),

changed as (

    select cleansed.* from cleansed
    {% if is_incremental() %}
    -- New rows, late ones included, and the old rows of which something else is to be said: moved bounds
    -- see few of them differently, and the first file tells what kind of data the messages were.
    left join {{ this }} as known
        on cleansed.event_id = known.event_id
    where
        known.event_id is null
        or cleansed.category_price_quintile != known.category_price_quintile
        or cleansed.outlier_reason is distinct from known.outlier_reason
        or cleansed.data_kind is distinct from known.data_kind
    {% endif %}

)

select * from changed
