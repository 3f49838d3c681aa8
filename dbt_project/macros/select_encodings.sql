{% macro select_encodings(purchases, within=[]) -%}
    {%- set folds = range(var("folds")) -%}
    select
        encoding,
        encoding_key,
        sum_purchase,
        count_purchases,
        map_filter(
            map_from_arrays(
                sequence(0, {{ var("folds") - 1 }}),
                array({% for fold in folds %}sum_purchase_{{ fold }}{{ ", " if not loop.last }}{% endfor %})
            ),
            (fold, fold_sum) -> fold_sum is not null
        ) as sum_purchase_by_fold,
        map_filter(
            map_from_arrays(
                sequence(0, {{ var("folds") - 1 }}),
                array({% for fold in folds %}count_purchases_{{ fold }}{{ ", " if not loop.last }}{% endfor %})
            ),
            (fold, fold_count) -> fold_count > 0
        ) as count_purchases_by_fold
    from (
        select
            encoding,
            encoding_key,
            sum(purchase) as sum_purchase,
            count(*) as count_purchases
            {%- for fold in folds %},
            sum(purchase) filter (where fold = {{ fold }}) as sum_purchase_{{ fold }},
            count_if(fold = {{ fold }}) as count_purchases_{{ fold }}
            {%- endfor %}
        from (
            select
                fold,
                purchase,
                stack(
                    {{ encodings() | length }}
                    {%- for encoding, columns in encodings().items() %},
                    '{{ encoding }}', {{ encoding_key(within + columns) }}
                    {%- endfor %}
                ) as (encoding, encoding_key)
            from {{ purchases }}
            where split = 'train'
        )
        group by encoding, encoding_key
    )
{%- endmacro %}
