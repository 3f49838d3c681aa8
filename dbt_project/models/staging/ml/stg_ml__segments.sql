with

segments as (

    select
        segment_id,
        segment_name,
        recommended_action,
        model_name,
        model_version,
        run_id,
        data_kind,
        scored_at
    from {{ source('predictions', 'segments') }}

)

select * from segments
