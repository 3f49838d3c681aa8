with

records as (

    select * from {{ ref('screened_purchases') }}

),

loads as (

    select
        load_id,
        min(origin) as origin,
        -- A message does not tell. One lakehouse holds one kind, that of its files.
        coalesce(min(data_kind), max(min(data_kind)) over ()) as data_kind,
        min(source_file) as source_file,
        min(landed_at) as landed_at,
        -- Of a Kafka partition all offsets: without transactions it has no gaps.
        coalesce(max(load_row_count), max(position_in_load) - min(position_in_load) + 1) as count_in_file,
        count(*) as count_landed,
        count_if(verdict = 'accepted') as count_accepted,
        count_if(verdict = 'rejected') as count_rejected,
        count_if(verdict = 'duplicate') as count_duplicates,
        coalesce(sum(purchase), 0) as sum_landed,
        coalesce(sum(purchase) filter (where verdict = 'accepted'), 0) as sum_accepted,
        coalesce(sum(purchase) filter (where verdict = 'rejected'), 0) as sum_rejected,
        coalesce(sum(purchase) filter (where verdict = 'duplicate'), 0) as sum_duplicates
    from records
    group by load_id

)

select * from loads
