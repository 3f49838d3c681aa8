with

products as (

    select * from {{ ref('dim_products') }}

),

market as (

    select count(*) as count_all_customers from {{ ref('dim_customers') }}

),

ranked as (

    select
        products.product_id,
        products.product_category_1,
        products.count_purchases,
        products.count_customers,
        products.sum_purchase,
        products.count_customers / market.count_all_customers as share_of_customers,
        products.count_purchases
        / sum(products.count_purchases) over (partition by products.product_category_1)
            as share_of_category_demand,
        -- What the products before it bring, so that the best seller is A however much it sells.
        (
            sum(products.sum_purchase) over (order by products.sum_purchase desc, products.product_id asc)
            - products.sum_purchase
        ) / sum(products.sum_purchase) over () as share_of_sales_above
    from products
    cross join market

),

demand as (

    select
        product_id,
        product_category_1,
        count_purchases,
        count_customers,
        sum_purchase,
        share_of_customers,
        share_of_category_demand,
        share_of_sales_above,
        case
            when share_of_sales_above < {{ var('abc_a_share_of_sales') }} then 'A'
            when share_of_sales_above < {{ var('abc_b_share_of_sales') }} then 'B'
            else 'C'
        end as abc_class,
        cast(ceil({{ var('stock_service_z') }} * sqrt(count_purchases)) as bigint) as assumed_safety_stock,
        count_purchases
        + cast(ceil({{ var('stock_service_z') }} * sqrt(count_purchases)) as bigint) as assumed_stock_for_a_repeat
    from ranked

)

select * from demand
