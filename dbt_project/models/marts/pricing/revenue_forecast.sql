with

hours as (

    select
        simulated_hour_at,
        simulated_date,
        simulated_hour_of_day,
        sum_purchase
    from {{ ref('sales_by_simulated_hour') }}

),

days as (

    select
        simulated_date,
        sum(sum_purchase) as sum_purchase,
        lag(sum(sum_purchase)) over (order by simulated_date) as sum_purchase_before
    from hours
    group by simulated_date

),

-- A day continues the one before it, with a part of the trend between the last two.
day_forecasts as (

    select
        date_add(simulated_date, 1) as simulated_date,
        sum_purchase
        * power(
            coalesce(sum_purchase / nullif(sum_purchase_before, 0), 1), {{ var('forecast_trend_damping') }}
        ) as forecast
    from days

),

-- Over its hours it spreads as the days before it did, taken together.
hour_forecasts as (

    select
        day_forecasts.simulated_date,
        hours.simulated_hour_of_day,
        timestampadd(hour, hours.simulated_hour_of_day, timestamp(day_forecasts.simulated_date)) as simulated_hour_at,
        day_forecasts.forecast
        * sum(hours.sum_purchase)
        / nullif(sum(sum(hours.sum_purchase)) over (partition by day_forecasts.simulated_date), 0) as forecast
    from day_forecasts
    inner join hours
        on day_forecasts.simulated_date > hours.simulated_date
    group by day_forecasts.simulated_date, day_forecasts.forecast, hours.simulated_hour_of_day

),

compared as (

    select
        coalesce(hours.simulated_hour_at, hour_forecasts.simulated_hour_at) as simulated_hour_at,
        coalesce(hours.simulated_date, hour_forecasts.simulated_date) as simulated_date,
        coalesce(hours.simulated_hour_of_day, hour_forecasts.simulated_hour_of_day) as simulated_hour_of_day,
        case
            when hour_forecasts.simulated_hour_at is null then 'history'
            when hours.simulated_hour_at is null then 'forecast'
            else 'backtest'
        end as kind,
        hours.sum_purchase,
        hour_forecasts.forecast
    from hours
    full outer join hour_forecasts
        on hours.simulated_hour_at = hour_forecasts.simulated_hour_at

),

errors as (

    select
        sqrt(avg(power(sum_purchase / nullif(forecast, 0) - 1, 2))) as relative_rmse,
        sum(abs(sum_purchase - forecast)) / nullif(sum(sum_purchase), 0) as absolute_error_share
    from compared
    where kind = 'backtest'

),

bounded as (

    select
        compared.simulated_hour_at,
        compared.simulated_date,
        compared.simulated_hour_of_day,
        compared.kind,
        compared.sum_purchase,
        compared.forecast as simulated_forecast,
        -- Spark's greatest passes over nulls, where an unknown forecast has an unknown bound.
        case
            when compared.forecast * errors.relative_rmse is not null
                then greatest(0, compared.forecast * (1 - {{ var('forecast_interval_z') }} * errors.relative_rmse))
        end as simulated_forecast_low,
        compared.forecast * (1 + {{ var('forecast_interval_z') }} * errors.relative_rmse)
            as simulated_forecast_high,
        errors.absolute_error_share as simulated_backtest_error_share
    from compared
    cross join errors

)

select * from bounded
