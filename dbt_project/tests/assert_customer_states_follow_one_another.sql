-- A returned row is a state of a customer that has not ended when the next one begins, so that two hold
-- at once; a current state that differs from the customer, or whose customer is gone; or a customer
-- without a current state. Between two states there is a gap while a customer was gone.
-- It passes if the tables are empty; that there are customers, the tests of cleansed_customers tell.
with

states as (

    select
        *,
        lead(valid_from) over (partition by user_id order by valid_from, valid_to nulls last) as next_valid_from
    from {{ ref('dim_customer_history') }}

),

current_states as (

    select * from states
    where is_current

),

customers as (

    select * from {{ ref('cleansed_customers') }}

)

select
    user_id,
    customer_state_id,
    'holds beyond the next one' as fault
from states
where
    next_valid_from is not null
    and coalesce(valid_to > next_valid_from, true)

union all

select
    user_id,
    current_states.customer_state_id,
    'is not the state of the customer' as fault
from current_states
full outer join customers using (user_id)
where
    struct(
        current_states.gender, current_states.age, current_states.occupation, current_states.city_category,
        current_states.stay_in_current_city_years, current_states.marital_status
    ) is distinct from struct(
        customers.gender, customers.age, customers.occupation, customers.city_category,
        customers.stay_in_current_city_years, customers.marital_status
    )
