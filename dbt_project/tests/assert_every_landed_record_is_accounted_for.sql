-- A returned row is a load whose records do not add up: the records that the first pass counted in
-- the file, those that bronze holds, and those that ended as a purchase, a rejection or a duplicate
-- are the same number, and so are the amounts that could be read. What became of the records is
-- read from the tables they ended in, not from the verdicts, so that a table that lost rows shows.
with

landed as (

    select
        load_id,
        max(load_row_count) as count_in_file,
        min(load_row_count) as count_in_file_on_other_rows,
        count(*) as count_landed,
        coalesce(sum(purchase), 0) as sum_landed
    from {{ ref('stg_csv__purchases') }}
    group by load_id

),

ended as (

    select
        load_id,
        purchase,
        'purchase' as ended_as
    from {{ ref('cleansed_purchases') }}
    union all
    select
        load_id,
        purchase,
        'rejection' as ended_as
    from {{ ref('rejected_purchases') }}
    union all
    select
        load_id,
        purchase,
        'duplicate' as ended_as
    from {{ ref('duplicate_purchases') }}

),

accounted as (

    select
        load_id,
        count(*) as count_accounted,
        count_if(ended_as = 'purchase') as count_purchases,
        count_if(ended_as = 'rejection') as count_rejections,
        count_if(ended_as = 'duplicate') as count_duplicates,
        coalesce(sum(purchase), 0) as sum_accounted
    from ended
    group by load_id

)

select
    load_id,
    landed.count_in_file,
    landed.count_landed,
    accounted.count_purchases,
    accounted.count_rejections,
    accounted.count_duplicates,
    landed.sum_landed,
    accounted.sum_accounted
from landed
full outer join accounted using (load_id)
where
    landed.count_in_file is distinct from landed.count_in_file_on_other_rows
    or landed.count_in_file is distinct from landed.count_landed
    or landed.count_landed is distinct from accounted.count_accounted
    or landed.sum_landed is distinct from accounted.sum_accounted
