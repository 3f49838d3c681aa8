with

customers as (

    select
        user_id,
        sum_purchase,
        11 - ntile(10) over (order by sum_purchase, user_id) as value_decile
    from {{ ref('dim_customers') }}

),

groups as (

    select
        value_decile,
        count(*) as count_customers,
        sum(sum_purchase) as sum_purchase,
        sum(sum_purchase) / count(*) as mean_purchase_per_customer
    from customers
    group by value_decile

),

scenarios as (

    {%- for scenario, lift in var('campaign_lifts').items() %}
    select
        {{ sql_list([scenario]) }} as scenario,
        double({{ lift }}) as assumed_lift
    {{ "union all" if not loop.last }}
    {%- endfor %}

),

simulated as (

    select
        groups.value_decile,
        scenarios.scenario,
        groups.count_customers,
        groups.sum_purchase,
        groups.mean_purchase_per_customer,
        scenarios.assumed_lift,
        groups.count_customers * double({{ var('campaign_cost_per_customer') }}) as assumed_cost,
        groups.sum_purchase * scenarios.assumed_lift as assumed_extra_sales,
        groups.sum_purchase * scenarios.assumed_lift * {{ var('gross_margin') }}
        - groups.count_customers * {{ var('campaign_cost_per_customer') }} as assumed_profit,
        {{ var('campaign_cost_per_customer') }} / nullif(groups.mean_purchase_per_customer * {{ var('gross_margin') }}, 0)
            as break_even_lift
    from groups
    cross join scenarios

),

judged as (

    select
        *,
        assumed_profit > 0 as is_worthwhile
    from simulated

)

select * from judged
