{#- Present value of a steady unit of margin in each of the years to come, a part of it lost a year. -#}
{%- set kept = var('yearly_retention') / (1 + var('yearly_discount_rate')) -%}
{%- set worths = [] -%}
{%- for year in range(1, var('lifetime_years') + 1) -%}
{%- do worths.append(kept ** year) -%}
{%- endfor -%}

with

customers as (

    select * from {{ ref('dim_customers') }}

),

valued as (

    select
        user_id,
        gender,
        age,
        city_category,
        count_purchases,
        sum_purchase,
        sum_purchase * double({{ var('gross_margin') }}) as margin_to_date,
        sum_purchase * double({{ var('gross_margin') }}) * double({{ worths | sum }})
            as assumed_margin_to_come,
        -- What those before a customer bring, so that the best customer is gold however much it buys.
        (sum(sum_purchase) over (order by sum_purchase desc, user_id asc) - sum_purchase)
        / sum(sum_purchase) over () as share_of_sales_above
    from customers

),

tiered as (

    select
        user_id,
        gender,
        age,
        city_category,
        count_purchases,
        sum_purchase,
        margin_to_date,
        assumed_margin_to_come,
        margin_to_date + assumed_margin_to_come as assumed_lifetime_value,
        share_of_sales_above,
        case
            when share_of_sales_above < {{ var('gold_share_of_sales') }} then 'gold'
            when share_of_sales_above < {{ var('silver_share_of_sales') }} then 'silver'
            else 'bronze'
        end as value_tier
    from valued

)

select * from tiered
