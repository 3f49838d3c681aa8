with

scores as (

    select * from {{ ref('stg_ml__high_value_customers') }}

),

customers as (

    select * from {{ ref('dim_customers') }}

),

prospects as (

    select
        scores.user_id,
        scores.probability,
        scores.threshold,
        scores.is_predicted_high_value,
        scores.is_actual_high_value,
        case
            when scores.is_predicted_high_value and scores.is_actual_high_value then 'found'
            when scores.is_predicted_high_value then 'false alarm'
            when scores.is_actual_high_value then 'missed'
            else 'rightly left out'
        end as outcome,
        rank() over (order by scores.probability desc) as prospect_rank,
        11 - ntile(10) over (order by scores.probability, scores.user_id) as probability_decile,
        customers.sum_purchase,
        scores.model_version,
        scores.data_kind,
        scores.scored_at
    from scores
    inner join customers
        on scores.user_id = customers.user_id

)

select * from prospects
