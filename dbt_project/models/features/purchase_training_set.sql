with

purchases as (

    select * from {{ ref('split_purchases') }}

),

encodings as (

    select * from {{ ref('purchase_encodings') }}

),

encoded as (

    {{ select_encoded('purchases', 'encodings') }}

),

training_set as (

    select
        event_id,
        user_id,
        product_id,
        gender,
        age,
        occupation,
        city_category,
        stay_in_current_city_min_years,
        marital_status,
        product_category_1,
        product_category_2,
        product_category_3,
        {%- for encoding in encodings() if encoding != 'overall' %}
        {{ encoding }}_mean_purchase,
        {{ encoding }}_count,
        {%- endfor %}
        split,
        fold,
        refit_fold,
        purchase
    from encoded

)

select * from training_set
