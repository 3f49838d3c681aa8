{{ config(
    materialized='incremental',
    incremental_strategy='merge',
    unique_key='record_id',
    partition_by=['verdict']
) }}

with

records as (

    select * from {{ ref('stg_csv__purchases') }}
    {% if is_incremental() %}
    where {{ is_past_watermark('landed_at') }}
    {% endif %}

),

accepted_before as (

    {% if is_incremental() %}
    select user_id, event_id, record_id, gender, content_hash
    from {{ this }}
    where verdict = 'accepted'
    {% else %}
    select user_id, event_id, record_id, gender, cast(null as bigint) as content_hash
    from records
    where false
    {% endif %}

),

-- Rules that one record can break by itself.
checked as (

    select
        *,
        {{ purchase_content_hash() }} as content_hash,
        -- Of a line that could not be split into fields there is nothing further to say.
        case
            when not is_readable then defects
            else concat(defects, {{ broken_rules() }})
        end as own_reasons
    from records

),

usable as (

    select * from checked
    where size(own_reasons) = 0

),

-- The gender that a customer was first accepted with holds; a record that contradicts it is wrong.
first_genders as (

    select
        user_id,
        min_by(gender, struct(landed_at, load_id, position_in_load)) as gender
    from usable
    group by user_id

),

genders_before as (

    select user_id, min(gender) as gender
    from accepted_before
    left semi join first_genders using (user_id)
    group by user_id

),

established_genders as (

    select
        first_genders.user_id,
        coalesce(genders_before.gender, first_genders.gender) as gender
    from first_genders
    left join genders_before
        on first_genders.user_id = genders_before.user_id

),

consistent as (

    select usable.*
    from usable
    inner join established_genders
        on usable.user_id = established_genders.user_id
            and usable.gender = established_genders.gender

),

-- The first record of an event is accepted; a later one repeats it, or contradicts it.
ranked as (

    select
        record_id,
        event_id,
        content_hash,
        first_value(record_id) over by_landing as first_record_id,
        first_value(content_hash) over by_landing as first_content_hash
    from consistent
    window by_landing as (
        partition by event_id order by landed_at, load_id, position_in_load
    )

),

events_before as (

    select event_id, record_id, content_hash
    from accepted_before
    left semi join ranked using (event_id)

),

judged as (

    select
        ranked.record_id,
        coalesce(events_before.record_id, ranked.first_record_id) as accepted_record_id,
        ranked.content_hash
        = coalesce(events_before.content_hash, ranked.first_content_hash) as is_same_content
    from ranked
    left join events_before
        on ranked.event_id = events_before.event_id

),

explained as (

    select
        checked.*,
        judged.accepted_record_id,
        concat(
            checked.own_reasons,
            case
                when size(checked.own_reasons) = 0 and judged.record_id is null
                    then array('gender_contradicts_customer')
                when not judged.is_same_content then array('conflicts_with_accepted_purchase')
                else array()
            end
        ) as rejection_reasons
    from checked
    left join judged
        on checked.record_id = judged.record_id

),

screened as (

    select
        record_id,
        event_id,
        user_id,
        product_id,
        gender,
        age,
        occupation,
        city_category,
        stay_in_current_city_years,
        marital_status,
        product_category_1,
        product_category_2,
        product_category_3,
        purchase,
        content_hash,
        rejection_reasons,
        case
            when size(rejection_reasons) > 0 then 'rejected'
            when accepted_record_id != record_id then 'duplicate'
            else 'accepted'
        end as verdict,
        accepted_record_id,
        origin,
        data_kind,
        load_id,
        position_in_load,
        load_row_count,
        source_file,
        landed_at,
        case
            when size(rejection_reasons) > 0 or accepted_record_id != record_id then raw_line
        end as raw_line
        {{- added_columns(source('bronze', 'csv_purchases'), csv_purchases_columns()) }}
    from explained

)

select * from screened
