with

model_metrics as (

    select
        task,
        model_name,
        metric,
        value,
        low,
        high,
        goal,
        model_version,
        run_id,
        data_kind,
        scored_at
    from {{ source('predictions', 'model_metrics') }}

)

select * from model_metrics
