with

purchases as (

    select * from {{ ref('cleansed_purchases') }}

),

aggregated as (

    select
        user_id,
        product_category_1,
        count(*) as count_purchases,
        sum(purchase) as sum_purchase,
        count(*) / double(sum(count(*)) over (partition by user_id)) as share_of_purchases
    from purchases
    group by user_id, product_category_1

)

select * from aggregated
