with

recommendations as (

    select * from {{ ref('stg_ml__product_recommendations') }}

),

interactions as (

    select * from {{ ref('customer_product_interactions') }}

),

products as (

    select * from {{ ref('dim_products') }}

),

-- What was bought since the lists were made is no longer offered, and the others move up.
still_to_offer as (

    select recommendations.*
    from recommendations
    left anti join interactions
        on
            recommendations.user_id = interactions.user_id
            and recommendations.product_id = interactions.product_id

),

described as (

    select
        still_to_offer.user_id,
        cast(row_number() over (
            partition by still_to_offer.user_id order by still_to_offer.rank
        ) as int) as recommendation_rank,
        still_to_offer.product_id,
        products.product_category_1,
        products.product_category_2,
        products.product_category_3,
        products.mean_purchase,
        products.count_customers,
        still_to_offer.score,
        still_to_offer.is_fallback,
        still_to_offer.model_version,
        still_to_offer.data_kind,
        still_to_offer.scored_at
    from still_to_offer
    inner join products
        on still_to_offer.product_id = products.product_id

)

select * from described
