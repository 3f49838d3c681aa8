with

features as (

    select * from {{ ref('product_features') }}

),

products as (

    select
        product_id,
        product_category_1,
        product_category_2,
        product_category_3,
        count_purchases,
        count_customers,
        sum_purchase,
        mean_purchase,
        sum_purchase / sum(sum_purchase) over () as share_of_sales,
        rank() over (order by sum_purchase desc) as sales_rank,
        rank() over (partition by product_category_1 order by sum_purchase desc) as sales_rank_in_category
    from features

)

select * from products
