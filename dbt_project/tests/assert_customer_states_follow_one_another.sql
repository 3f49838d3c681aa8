-- A returned row is a state of a customer that ends before or after the next one begins, so that two
-- states hold at once or none does; or a last state that has ended, or differs from the customer.
-- It passes if the tables are empty; that there are customers, the tests of cleansed_customers tell.
with

states as (

    select
        *,
        lead(valid_from) over (partition by user_id order by valid_from) as next_valid_from
    from {{ ref('dim_customer_history') }}

),

customers as (

    select * from {{ ref('cleansed_customers') }}

)

select
    user_id,
    states.customer_state_id,
    states.valid_from,
    states.valid_to,
    states.next_valid_from
from states
full outer join customers using (user_id)
where
    states.valid_to is distinct from states.next_valid_from
    or (
        states.next_valid_from is null
        and struct(
            states.gender, states.age, states.occupation, states.city_category,
            states.stay_in_current_city_years, states.marital_status
        ) is distinct from struct(
            customers.gender, customers.age, customers.occupation, customers.city_category,
            customers.stay_in_current_city_years, customers.marital_status
        )
    )
