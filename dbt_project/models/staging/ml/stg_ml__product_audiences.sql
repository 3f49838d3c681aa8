with

product_audiences as (

    select
        product_id,
        rank,
        user_id,
        score,
        model_name,
        model_version,
        run_id,
        data_kind,
        scored_at
    from {{ source('predictions', 'product_audiences') }}

)

select * from product_audiences
