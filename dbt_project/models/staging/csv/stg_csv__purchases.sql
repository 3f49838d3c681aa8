with

records as (

    select * from {{ source('bronze', 'csv_purchases') }}

),

typed as (

    select
        -- ids
        concat_ws(':', 'csv', load_id, line_number) as record_id,
        case
            when {{ whole_number('user_id') }} is not null and trim(product_id) != ''
                then md5(
                    coalesce(
                        concat('#', {{ own_purchase_id(source('bronze', 'csv_purchases')) }}),
                        concat({{ whole_number('user_id') }}, '|', trim(product_id))
                    )
                )
        end as event_id,
        {{ whole_number('user_id') }} as user_id,
        nullif(trim(product_id), '') as product_id,

        -- attributes of the customer
        upper(nullif(trim(gender), '')) as gender,
        nullif(trim(age), '') as age,
        {{ whole_number('occupation') }} as occupation,
        upper(nullif(trim(city_category), '')) as city_category,
        nullif(trim(stay_in_current_city_years), '') as stay_in_current_city_years,
        {{ whole_number('marital_status') }} as marital_status,

        -- attributes of the product
        {{ whole_number('product_category_1') }} as product_category_1,
        {{ whole_number('product_category_2') }} as product_category_2,
        {{ whole_number('product_category_3') }} as product_category_3,

        -- amounts
        {{ whole_number('purchase') }} as purchase,

        -- what could not be read
        landing_defect is null as is_readable,
        filter(
            array(
                landing_defect,
                {%- for column in [
                    'user_id', 'occupation', 'marital_status', 'product_category_1',
                    'product_category_2', 'product_category_3', 'purchase'
                ] %}
                case
                    when trim({{ column }}) != '' and {{ whole_number(column) }} is null
                        then '{{ column }}_is_no_whole_number'
                end{{ ',' if not loop.last }}
                {%- endfor %}
            ),
            defect -> defect is not null
        ) as defects,

        -- where the record comes from
        'csv' as origin,
        data_kind,
        load_id,
        line_number as position_in_load,
        load_row_count,
        source_file,
        landed_at,
        {{ added_columns(source('bronze', 'csv_purchases'), csv_purchases_columns()) }}
        raw_line
    from records

)

select * from typed
