{#-
  A load is a file, which lands in one commit, or a partition of a Kafka topic, whose records land in the
  order of their offsets. So what this model holds of a load is all of it up to a position, and a record is
  new if it stands past that position. No clock decides: `landed_at` may be wrong or go back.

  One statement finds the loads that hold something new, and between which positions and since when. They
  are written into the SQL as literals, by which Delta skips the files of older records; the time is read
  off the very records that are new, so it leaves out none of them. What lands after that statement is the
  next run's. Why so: docs/decisions/0010-no-watermark-is-a-clock.md.
-#}
{% macro is_past_positions(upstream, position='position_in_load', only='true') -%}
    {%- set loads = [] -%}
    {%- if execute -%}
        {%- set parts = [] -%}
        {%- for relation in upstream -%}
            {%- do parts.append(
                "select load_id, " ~ position ~ " as position, landed_at from " ~ relation ~ " where " ~ only
            ) -%}
        {%- endfor -%}
        {%- set loads = run_query(
            "select found.load_id, max(held.position) as held, max(found.position) as newest, "
            ~ "cast(min(found.landed_at) as string) as since "
            ~ "from (" ~ parts | join(" union all ") ~ ") as found "
            ~ "left join (select load_id, max(position_in_load) as position from " ~ this ~ " group by load_id) as held "
            ~ "on found.load_id = held.load_id "
            ~ "where found.position > coalesce(held.position, -1) group by found.load_id order by found.load_id"
        ) -%}
    {%- endif -%}
    (
        {%- for load in loads %}
        load_id = '{{ load["load_id"] }}'
        and position_in_load > {{ -1 if load["held"] is none else load["held"] }}
        and position_in_load <= {{ load["newest"] }}
        and landed_at >= timestamp '{{ load["since"] }}'
        {{- " or" if not loop.last }}
        {%- else %}
        false
        {%- endfor %}
    )
{%- endmacro %}
