with

purchase_predictions as (

    select
        event_id,
        user_id,
        product_id,
        split,
        actual_purchase,
        predicted_purchase,
        model_name,
        model_version,
        run_id,
        data_kind,
        scored_at
    from {{ source('predictions', 'purchase_predictions') }}

)

select * from purchase_predictions
