{#-
  Relative intensity of the hours of a day, from midnight, and the share of each day. The published
  data has no timestamps: this shape is an assumption, not a measurement.
-#}
{%- set hours = [
    14, 9, 6, 4, 4, 7, 14, 24, 36, 48, 58, 64, 66, 64, 60, 58, 58, 62, 68, 72, 70, 60, 42, 26
] -%}
{%- set days = {'2018-11-23': 0.46, '2018-11-24': 0.30, '2018-11-25': 0.24} -%}

with

intensities as (

    {%- for date, share in days.items() %}
    select
        timestampadd(hour, hour_of_day, timestamp '{{ date }} 00:00:00') as simulated_hour_at,
        {{ share }} * intensity / {{ hours | sum }} as share_of_purchases
    from (select posexplode(array({{ hours | join(", ") }})) as (hour_of_day, intensity))
    {{ "union all" if not loop.last }}
    {%- endfor %}

),

cumulated as (

    select
        simulated_hour_at,
        cast(round(1000 * sum(share_of_purchases) over (order by simulated_hour_at)) as int) as next_slot
    from intensities

),

slots as (

    select
        simulated_hour_at,
        coalesce(lag(next_slot) over (order by simulated_hour_at), 0) as first_slot,
        next_slot - 1 as last_slot
    from cumulated

)

select * from slots
