with

records as (

    select * from {{ source('bronze', 'kafka_records') }}
    where topic = 'customer-events'

),

renamed as (

    select
        -- ids
        {{ kafka_record_id() }} as record_id,
        event_id,
        user_id,
        session_id,
        product_id,

        -- the message
        event_type,
        schema_version,
        event_at as simulated_message_at,
        extra_fields,

        -- attributes of the product
        product_category_1,

        {{ kafka_evidence() }}
    from records

)

select * from renamed
