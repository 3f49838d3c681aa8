{#-
  Target encodings for the purchase value, without leakage.

  A purchase is never part of its own features: a training row is encoded from the training rows of
  the other folds, (sum - fold's sum) / (count - fold's count); a validation or test row, or a new
  event, from all training rows. Both statements take names of CTEs, so that a test can run them over altered
  purchases, and `within`: columns that keep sets of purchases apart, each encoded by itself.
-#}

{#- Encodings and the columns that each is keyed by, from the coarsest to the finest. -#}
{% macro encodings() -%}
    {{ return({
        "overall": [],
        "category": ["product_category_1"],
        "categories": ["product_category_1", "product_category_2", "product_category_3"],
        "product": ["product_id"],
        "user": ["user_id"],
        "user_category": ["user_id", "product_category_1"],
    }) }}
{%- endmacro %}

{#- Columns of one encoding as a single text. -#}
{% macro encoding_key(columns) -%}
    concat_ws({{ (["'|'"] + columns) | join(", ") }})
{%- endmacro %}

{#-
  Statement: each row is one key of one encoding, over the training rows of `purchases`, which are
  read once: a sum and a count for each fold stand in columns until they are made maps.
-#}
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

{#-
  Statement: each row of `purchases` with `<encoding>_mean_purchase` and `<encoding>_count` from the
  rows that it may know of. A key that those rows do not hold takes the mean of the next coarser
  encoding, and the count 0.
-#}
{% macro select_encoded(purchases, encodings_relation, within=[]) -%}
    {%- set fallbacks = {
        "category": "overall", "categories": "category", "product": "categories",
        "user": "overall", "user_category": "category",
    } -%}
    select
        *
        {%- for encoding in encodings() if encoding != "overall" %},
        coalesce(
            {{ encoding }}_known_sum / nullif({{ encoding }}_count, 0)
            {%- set chain = namespace(name=fallbacks[encoding]) -%}
            {%- for _ in encodings() if chain.name -%}
            , {{ chain.name }}_known_sum / nullif({{ chain.name }}_count, 0)
            {%- set chain.name = fallbacks.get(chain.name) -%}
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
