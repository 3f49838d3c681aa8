with

purchases as (

    select * from {{ ref('split_purchases') }}

),

encoded as (

    {{ select_encodings('purchases') }}

)

select * from encoded
