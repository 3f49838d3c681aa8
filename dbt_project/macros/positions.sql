{#-
  SQL condition that holds for records which are not yet in this incremental model, whichever way
  they landed. It is asked of `origin`, `load_id`, `position_in_load` and `landed_at`.

  A file lands in one commit, later than any file before: its records are new if their `landed_at` is
  past the highest one of files. Kafka's records land in the order of their offsets, partition by
  partition, each batch in one commit: a record is new if its offset is past the highest one of its
  partition. That holds whatever the clocks say, which a batch's `landed_at` comes from. The time
  only lets Delta skip files that are long read. It is that of the partition too, as each topic has a
  query of its own and a batch that is run again keeps its first time; ten minutes are to spare for a
  clock that was set back. Why not the time alone: docs/decisions/0010-offsets-are-the-watermark.md.

  Arguments:
    upstream (list of relations): what the model reads, to find the partitions that it has not met.
      A condition on all that are not known would keep Delta from skipping any file.
-#}
{% macro is_past_positions(upstream) -%}
    {%- set files, partitions = namespace(highest=none), {} -%}
    {%- if execute -%}
        {%- set found = [
            "select origin, if(origin = 'kafka', load_id, null) as load_id, position_in_load, landed_at "
            ~ "from " ~ this
        ] -%}
        {%- for relation in upstream -%}
            {%- do found.append(
                "select distinct origin, load_id, null, null from " ~ relation ~ " where origin = 'kafka'"
            ) -%}
        {%- endfor -%}
        {%- set held = run_query(
            "select origin, load_id, max(position_in_load), cast(max(landed_at) as string) from ("
            ~ found | join(" union all ") ~ ") group by origin, load_id"
        ) -%}
        {%- for origin, load_id, position, landed_at in held -%}
            {%- if origin == "kafka" -%}
                {%- do partitions.update({load_id: (position, landed_at)}) -%}
            {%- else -%}
                {%- set files.highest = landed_at -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    (
        origin = 'csv' and landed_at > timestamp '{{ files.highest or "1970-01-01 00:00:00" }}'
        or origin = 'kafka'
        {%- if partitions %}
        and (
            {%- for load_id, (position, landed_at) in partitions.items() %}
            load_id = '{{ load_id }}'
            {%- if position is not none %}
            and position_in_load > {{ position }}
            and landed_at >= timestamp '{{ landed_at }}' - interval 10 minutes
            {%- endif %}
            {%- if not loop.last %} or{% endif %}
            {%- endfor %}
        )
        {%- endif %}
    )
{%- endmacro %}
