with

customers as (

    select * from {{ ref('customer_features') }}

),

-- Ties are broken by the id, so that equal customers always get the same scores.
scored as (

    select
        user_id,
        simulated_recency_hours,
        count_purchases as frequency,
        sum_purchase as monetary,
        ntile(5) over (order by simulated_recency_hours desc, user_id asc) as recency_score,
        ntile(5) over (order by count_purchases, user_id) as frequency_score,
        ntile(5) over (order by sum_purchase, user_id) as monetary_score
    from customers

),

named as (

    select
        user_id,
        simulated_recency_hours,
        frequency,
        monetary,
        recency_score,
        frequency_score,
        monetary_score,
        recency_score + frequency_score + monetary_score as rfm_score,
        case
            when frequency_score >= 4 and monetary_score >= 4 and recency_score >= 3 then 'champion'
            when frequency_score >= 4 and monetary_score >= 4 then 'lapsing champion'
            when frequency_score >= 3 or monetary_score >= 3 then 'regular'
            when recency_score >= 4 then 'recent light buyer'
            else 'light buyer'
        end as rfm_segment
    from scored

)

select * from named
