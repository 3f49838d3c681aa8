with

features as (

    select * from {{ ref('category_features') }}

),

categories as (

    select
        product_category_1,
        count_purchases,
        count_products,
        count_customers,
        sum_purchase,
        mean_purchase,
        sd_purchase,
        lowest_purchase,
        first_quartile,
        third_quartile,
        highest_purchase,
        share_of_sales,
        share_female
    from features

)

select * from categories
