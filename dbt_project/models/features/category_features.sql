with

purchases as (

    select * from {{ ref('cleansed_purchases') }}

),

price_bounds as (

    select * from {{ ref('category_price_bounds') }}

),

aggregated as (

    select
        product_category_1,
        count(*) as count_purchases,
        count(distinct product_id) as count_products,
        count(distinct user_id) as count_customers,
        sum(purchase) as sum_purchase,
        avg(purchase) as mean_purchase,
        avg(int(gender = 'F')) as share_female,
        avg(int(is_outlier_by_iqr)) as share_outliers_by_iqr,
        avg(int(is_outlier_by_z_score)) as share_outliers_by_z_score
    from purchases
    group by product_category_1

),

features as (

    select
        aggregated.product_category_1,
        aggregated.count_purchases,
        aggregated.count_products,
        aggregated.count_customers,
        aggregated.sum_purchase,
        aggregated.mean_purchase,
        price_bounds.sd_purchase,
        price_bounds.lowest_purchase,
        price_bounds.first_quartile,
        price_bounds.third_quartile,
        price_bounds.highest_purchase,
        aggregated.sum_purchase / sum(aggregated.sum_purchase) over () as share_of_sales,
        aggregated.share_female,
        aggregated.share_outliers_by_iqr,
        aggregated.share_outliers_by_z_score
    from aggregated
    inner join price_bounds
        on aggregated.product_category_1 = price_bounds.product_category_1

)

select * from features
