{{ config(
    materialized='incremental',
    incremental_strategy='merge',
    unique_key='record_id',
    partition_by=['verdict']
) }}

with

records as (

    select * from {{ ref('landed_purchases') }}
    {% if is_incremental() %}
    where {{ is_past_positions([ref('landed_purchases')]) }}
    {% endif %}

),

accepted_before as (

    {% if is_incremental() %}
    select
        user_id,
        event_id,
        record_id,
        gender,
        content_hash
    from {{ this }}
    where verdict = 'accepted'
    {% else %}
    select
        user_id,
        event_id,
        record_id,
        gender,
        cast(null as bigint) as content_hash
    from records
    where false
    {% endif %}

),

genders_before as (

    select
        user_id,
        min(gender) as gender
    from accepted_before
    where accepted_before.user_id in (select records.user_id from records)
    group by user_id

),

events_before as (

    select
        event_id,
        record_id,
        content_hash
    from accepted_before
    where accepted_before.event_id in (select records.event_id from records)

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

-- The gender that a customer was first accepted with holds; a record that contradicts it is wrong.
compared_with_customer as (

    select
        checked.*,
        coalesce(
            genders_before.gender,
            first_value(case when size(checked.own_reasons) = 0 then checked.gender end) ignore nulls over (
                partition by checked.user_id
                order by checked.landed_at, checked.load_id, checked.position_in_load
                rows between unbounded preceding and unbounded following
            )
        ) as established_gender
    from checked
    left join genders_before
        on checked.user_id = genders_before.user_id

),

usable as (

    select
        *,
        size(own_reasons) = 0 as has_sound_values,
        size(own_reasons) = 0 and gender = established_gender as is_usable
    from compared_with_customer

),

-- The first usable record of an event is accepted; a later one repeats it, or contradicts it.
compared_with_event as (

    select
        usable.*,
        case
            when usable.is_usable then coalesce(
                events_before.record_id, first_value(usable.record_id) over same_event
            )
        end as accepted_record_id,
        usable.content_hash = coalesce(
            events_before.content_hash, first_value(usable.content_hash) over same_event
        ) as is_same_content
    from usable
    left join events_before
        on usable.event_id = events_before.event_id
    window same_event as (
        partition by usable.event_id, usable.is_usable
        order by usable.landed_at, usable.load_id, usable.position_in_load
    )

),

explained as (

    select
        *,
        concat(
            own_reasons,
            case
                when has_sound_values and not is_usable then array('gender_contradicts_customer')
                when is_usable and not is_same_content then array('conflicts_with_accepted_purchase')
                else array()
            end
        ) as rejection_reasons
    from compared_with_event

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
        simulated_message_at,
        extra_fields,
        {{ added_columns(source('bronze', 'csv_purchases'), csv_purchases_columns()) }}
        -- A message that was readable is not kept as bytes; its fields say the same.
        case
            when size(rejection_reasons) > 0 or accepted_record_id != record_id
                then coalesce(
                    raw_line,
                    case
                        when is_readable then to_json(
                            struct(
                                event_id, user_id, product_id, gender, age, occupation, city_category,
                                stay_in_current_city_years, marital_status, product_category_1,
                                product_category_2, product_category_3, purchase,
                                simulated_message_at as timestamp, extra_fields
                            )
                        )
                    end
                )
        end as raw_line
    from explained

)

select * from screened
