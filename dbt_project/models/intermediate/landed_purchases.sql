{{ config(materialized='view') }}

{%- set fields = [
    'record_id', 'event_id', 'user_id', 'product_id',
    'gender', 'age', 'occupation', 'city_category', 'stay_in_current_city_years', 'marital_status',
    'product_category_1', 'product_category_2', 'product_category_3', 'purchase',
    'is_readable', 'defects', 'origin', 'load_id', 'landed_at', 'raw_line',
] -%}

with

file_records as (

    select * from {{ ref('stg_csv__purchases') }}

),

kafka_records as (

    select * from {{ ref('stg_kafka__purchases') }}

),

landed as (

    select
        {{ fields | join(', ') }},
        data_kind,
        position_in_load,
        load_row_count,
        source_file,
        {{ added_columns(source('bronze', 'csv_purchases'), csv_purchases_columns()) }}
        null as simulated_message_at,
        null as extra_fields
    from file_records

    union all

    select
        {{ fields | join(', ') }},
        cast(null as string) as data_kind,
        kafka_offset as position_in_load,
        cast(null as bigint) as load_row_count,
        topic as source_file,
        {{ added_columns(source('bronze', 'csv_purchases'), csv_purchases_columns(), as_null=true) }}
        simulated_message_at,
        extra_fields
    from kafka_records

)

select * from landed
