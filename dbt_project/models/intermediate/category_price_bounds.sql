with

accepted_purchases as (

    select
        product_category_1,
        purchase
    from {{ ref('screened_purchases') }}
    where verdict = 'accepted'

),

sums as (

    select
        product_category_1,
        count(*) as count_purchases,
        min(purchase) as lowest_purchase,
        max(purchase) as highest_purchase,
        avg(purchase) as mean_purchase,
        -- From exact whole sums, so that the same rows give the same bits in any order.
        sqrt(
            (
                sum(cast(purchase as decimal(38, 0)) * purchase)
                - sum(cast(purchase as decimal(38, 0))) * avg(purchase)
            )
            / greatest(count(*) - 1, 1)
        ) as sd_purchase,
        percentile(purchase, array(0.2, 0.25, 0.4, 0.6, 0.75, 0.8)) as quantiles
    from accepted_purchases
    group by product_category_1

),

bounds as (

    select
        product_category_1,
        count_purchases,
        lowest_purchase,
        highest_purchase,
        mean_purchase,
        sd_purchase,
        quantiles[1] as first_quartile,
        quantiles[4] as third_quartile,
        quantiles[1] - {{ var('outlier_iqr_factor') }} * (quantiles[4] - quantiles[1]) as lower_fence,
        quantiles[4] + {{ var('outlier_iqr_factor') }} * (quantiles[4] - quantiles[1]) as upper_fence,
        array(quantiles[0], quantiles[2], quantiles[3], quantiles[5]) as quintile_cuts
    from sums

)

select * from bounds
