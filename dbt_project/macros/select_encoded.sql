{% macro select_encoded(purchases, encodings_relation, within=[]) -%}
    select
        *
        {%- for encoding in encodings() if encoding != "overall" %},
        coalesce(
            {{ encoding }}_known_sum / nullif({{ encoding }}_count, 0)
            {%- for coarser in encoding_fallbacks()[encoding] -%}
            , {{ coarser }}_known_sum / nullif({{ coarser }}_count, 0)
            {%- endfor %}
        ) as {{ encoding }}_mean_purchase
        {%- endfor %}
    from (
        select
            keyed.* except ({% for encoding in encodings() %}{{ encoding }}_key{{ ", " if not loop.last }}{% endfor %})
            {%- for encoding in encodings() %},
            coalesce({{ encoding }}_stats.sum_purchase, 0)
            - coalesce(try_element_at({{ encoding }}_stats.sum_purchase_by_fold, keyed.fold), 0)
                as {{ encoding }}_known_sum,
            coalesce({{ encoding }}_stats.count_purchases, 0)
            - coalesce(try_element_at({{ encoding }}_stats.count_purchases_by_fold, keyed.fold), 0)
                as {{ encoding }}_count
            {%- endfor %}
        from (
            select
                *
                {%- for encoding, columns in encodings().items() %},
                {{ encoding_key(within + columns) }} as {{ encoding }}_key
                {%- endfor %}
            from {{ purchases }}
        ) as keyed
        {%- for encoding in encodings() %}
        left join {{ encodings_relation }} as {{ encoding }}_stats
            on {{ encoding }}_stats.encoding = '{{ encoding }}'
                and keyed.{{ encoding }}_key = {{ encoding }}_stats.encoding_key
        {%- endfor %}
    )
{%- endmacro %}
