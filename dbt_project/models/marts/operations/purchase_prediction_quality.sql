with

predictions as (

    select * from {{ ref('stg_ml__purchase_predictions') }}

),

products as (

    select
        product_id,
        product_category_1
    from {{ ref('dim_products') }}

),

errors as (

    select
        products.product_category_1,
        predictions.split,
        predictions.actual_purchase,
        predictions.predicted_purchase,
        predictions.model_version,
        predictions.data_kind,
        predictions.predicted_purchase - predictions.actual_purchase as error,
        predictions.actual_purchase between predictions.predicted_low_80 and predictions.predicted_high_80 as is_in_80,
        predictions.actual_purchase between predictions.predicted_low_95 and predictions.predicted_high_95 as is_in_95
    from predictions
    inner join products on predictions.product_id = products.product_id

),

quality as (

    select
        product_category_1,
        split,
        count(*) as count_purchases,
        avg(actual_purchase) as mean_purchase,
        avg(predicted_purchase) as mean_predicted_purchase,
        avg(error) as mean_error,
        avg(abs(error)) as mean_absolute_error,
        sqrt(avg(error * error)) as root_mean_squared_error,
        avg(cast(is_in_80 as int)) as interval_coverage_80,
        avg(cast(is_in_95 as int)) as interval_coverage_95,
        max(model_version) as model_version,
        max(data_kind) as data_kind
    from errors
    group by product_category_1, split

)

select * from quality
