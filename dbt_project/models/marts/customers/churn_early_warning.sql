with

customers as (

    select
        user_id,
        sum_purchase,
        count_simulated_visits,
        simulated_recency_hours,
        timestampdiff(minute, simulated_first_event_at, simulated_last_event_at) / double(60)
            as simulated_active_hours
    from {{ ref('dim_customers') }}

),

-- How often customers return while they are active; none when nobody returned.
average as (

    select coalesce(sum(count_simulated_visits - 1) / nullif(sum(simulated_active_hours), 0), 0) as returns_per_hour
    from customers

),

paced as (

    select
        customers.*,
        -- Without a prior nothing is known of a customer who came once: they count as the average.
        coalesce(
            (customers.count_simulated_visits - 1 + {{ var('churn_prior_hours') }} * average.returns_per_hour)
            / nullif(customers.simulated_active_hours + {{ var('churn_prior_hours') }}, 0),
            average.returns_per_hour
        ) as simulated_returns_per_hour
    from customers
    cross join average

),

silent as (

    select
        *,
        exp(-simulated_returns_per_hour * simulated_recency_hours) as simulated_silence_probability
    from paced

),

warned as (

    select
        user_id,
        sum_purchase,
        count_simulated_visits,
        simulated_active_hours,
        simulated_recency_hours,
        simulated_returns_per_hour,
        simulated_silence_probability,
        case
            when simulated_silence_probability < {{ var('churn_high_risk_below') }} then 'high'
            when simulated_silence_probability < {{ var('churn_medium_risk_below') }} then 'medium'
            else 'low'
        end as simulated_churn_risk,
        sum_purchase * (1 - simulated_silence_probability) as simulated_sales_at_risk,
        rank() over (order by sum_purchase * (1 - simulated_silence_probability) desc) as simulated_warning_rank
    from silent

)

select * from warned
