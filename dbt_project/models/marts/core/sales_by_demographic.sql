with

purchases as (

    select * from {{ ref('fct_purchases') }}

),

sales as (

    select
        city_category,
        age,
        gender,
        marital_status,
        count(*) as count_purchases,
        count(distinct user_id) as count_customers,
        sum(purchase) as sum_purchase,
        avg(purchase) as mean_purchase,
        sum(purchase) / count(distinct user_id) as mean_purchase_per_customer
    from purchases
    group by city_category, age, gender, marital_status

)

select * from sales
