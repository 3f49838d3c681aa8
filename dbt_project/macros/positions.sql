{#-
  SQL condition that holds for records which are not yet in this incremental model, whichever way
  they landed. It is asked of `origin`, `load_id`, `position_in_load` and `landed_at`.

  A file lands in one commit, later than any file before: its records are new if their `landed_at` is
  past the highest one of files. Kafka's records land in the order of their offsets, partition by
  partition, each batch in one commit: a record is new if its offset is past the highest one of its
  partition. That holds whatever the clocks say, which a batch's `landed_at` comes from. The time
  only lets Delta skip files that are long read, with ten minutes to spare for a clock that was
  set back. Why not the time alone: docs/decisions/0010-offsets-are-the-watermark.md.
-#}
{% macro is_past_positions() -%}
    {%- set files, stream, partitions = namespace(highest=none), namespace(highest=none), {} -%}
    {%- if execute -%}
        {%- set held = run_query(
            "select origin, if(origin = 'kafka', load_id, null) as load_id, max(position_in_load), "
            ~ "cast(max(landed_at) as string) from " ~ this ~ " group by all"
        ) -%}
        {%- for origin, load_id, position, landed_at in held -%}
            {%- if origin == "kafka" -%}
                {%- do partitions.update({load_id: position}) -%}
                {%- set stream.highest = [stream.highest or landed_at, landed_at] | max -%}
            {%- else -%}
                {%- set files.highest = landed_at -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    (
        origin = 'csv' and landed_at > timestamp '{{ files.highest or "1970-01-01 00:00:00" }}'
        or origin = 'kafka'
        {%- if partitions %}
        and landed_at >= timestamp '{{ stream.highest }}' - interval 10 minutes
        and (
            {%- for load_id, position in partitions.items() %}
            load_id = '{{ load_id }}' and position_in_load > {{ position }} or
            {%- endfor %}
            load_id not in ({{ sql_list(partitions) }})
        )
        {%- endif %}
    )
{%- endmacro %}
