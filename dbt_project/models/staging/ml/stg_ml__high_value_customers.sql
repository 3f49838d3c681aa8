with

high_value_customers as (

    select
        user_id,
        probability,
        threshold,
        is_predicted_high_value,
        is_actual_high_value,
        model_name,
        model_version,
        run_id,
        data_kind,
        scored_at
    from {{ source('predictions', 'high_value_customers') }}

)

select * from high_value_customers
