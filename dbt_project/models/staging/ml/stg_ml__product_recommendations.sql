with

product_recommendations as (

    select
        user_id,
        rank,
        product_id,
        score,
        is_fallback,
        model_name,
        model_version,
        run_id,
        data_kind,
        scored_at
    from {{ source('predictions', 'product_recommendations') }}

)

select * from product_recommendations
