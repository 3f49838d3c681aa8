with

purchases as (

    select * from {{ ref('customer_first_purchases') }}

),

products as (

    select * from {{ ref('product_features') }}

),

categories as (

    select * from {{ ref('category_price_bounds') }}

),

baskets as (

    select
        purchases.user_id,
        avg(purchases.purchase) as mean_purchase,
        min(purchases.purchase) as lowest_purchase,
        max(purchases.purchase) as highest_purchase,
        coalesce(stddev_samp(purchases.purchase), 0.0) as sd_purchase,
        avg(purchases.category_price_quintile) as mean_price_quintile,
        avg(purchases.purchase / categories.mean_purchase) as mean_relative_price,
        avg(ln(products.count_purchases)) as mean_popularity,
        min(ln(products.count_purchases)) as least_popularity,
        max(ln(products.count_purchases)) as greatest_popularity,
        {#- One column for each category that the var max_product_category may allow. #}
        {%- for category in range(1, 21) %}
        count_if(purchases.product_category_1 = {{ category }}) as count_category_{{ category }},
        {%- endfor %}
        count(distinct purchases.product_category_1) as count_categories
    from purchases
    inner join products
        on purchases.product_id = products.product_id
    inner join categories
        on purchases.product_category_1 = categories.product_category_1
    group by purchases.user_id
    having count(*) = {{ var('first_purchases') }}

)

select * from baskets
