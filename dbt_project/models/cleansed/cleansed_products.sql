{{ config(materialized='incremental', incremental_strategy='merge', unique_key='product_id') }}

with

purchases as (

    select * from {{ ref('cleansed_purchases') }}
    {% if is_incremental() %}
    where {{ is_past_watermark('cleansed_at') }}
    {% endif %}

),

-- The categories that the newest record of the product bears.
products as (

    select
        product_id,
        max_by(
            struct(product_category_1, product_category_2, product_category_3, count_product_categories),
            struct(landed_at, record_id)
        ) as newest,
        max(landed_at) as last_landed_at,
        max(cleansed_at) as cleansed_at
    from purchases
    group by product_id

),

categories as (

    select
        product_id,
        newest.*,
        last_landed_at,
        cleansed_at
    from products

)

select categories.* from categories
{% if is_incremental() %}
-- An old purchase that was only flagged anew says nothing new of its product.
left join {{ this }} as known
    on categories.product_id = known.product_id
where known.product_id is null or categories.last_landed_at >= known.last_landed_at
{% endif %}
