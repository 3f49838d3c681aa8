{{ config(materialized='incremental', incremental_strategy='merge', unique_key='product_id') }}

with

purchases as (

    select * from {{ ref('cleansed_purchases') }}
    {{ only_touched(ref('cleansed_purchases'), ['product_id']) }}

),

-- The categories that the newest record of the product bears. Ids of one load differ in the line
-- number alone, of which the longer is the later.
products as (

    select
        product_id,
        max_by(
            struct(product_category_1, product_category_2, product_category_3, count_product_categories),
            struct(landed_at, length(record_id), record_id)
        ) as newest,
        max(landed_at) as last_landed_at,
        max(cleansed_version) as cleansed_version
    from purchases
    group by product_id

),

categories as (

    select
        product_id,
        newest.*,
        last_landed_at,
        cleansed_version
    from products

)

select * from categories
