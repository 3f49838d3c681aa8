with

records as (

    select * from {{ source('bronze', 'kafka_records') }}
    where topic = 'black-friday-purchases'

),

renamed as (

    select
        -- ids
        {{ kafka_record_id() }} as record_id,
        event_id,
        user_id,
        product_id,

        -- the message
        event_type,
        schema_version,
        event_at as simulated_message_at,
        extra_fields,

        -- attributes of the customer
        gender,
        age,
        occupation,
        city_category,
        stay_in_current_city_years,
        marital_status,

        -- attributes of the product
        product_category_1,
        product_category_2,
        product_category_3,

        -- amounts
        purchase,

        {{ kafka_evidence() }}
    from records

)

select * from renamed
