with

customer_segments as (

    select
        user_id,
        segment_id,
        segment_name,
        model_name,
        model_version,
        run_id,
        data_kind,
        scored_at
    from {{ source('predictions', 'customer_segments') }}

)

select * from customer_segments
