with

purchase_predictions as (

    select
        event_id,
        user_id,
        product_id,
        split,
        actual_purchase,
        predicted_purchase,
        predicted_low_80,
        predicted_high_80,
        predicted_low_95,
        predicted_high_95,
        model_name,
        model_version,
        run_id,
        data_kind,
        scored_at
    from {{ source('predictions', 'purchase_predictions') }}

)

select * from purchase_predictions
