{#-
  Target encodings for the purchase value, without leakage.

  A purchase is never part of its own features: a training row is encoded from the training rows of
  the other folds, (sum - fold's sum) / (count - fold's count); a test row or a new event from all
  training rows. Both macros take names of CTEs, so that a test can run them over altered purchases.
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

{#- Statement: each row is one key of one encoding, over the training rows of `purchases`. -#}
{% macro select_encodings(purchases) -%}
    select
        encoding,
        encoding_key,
        sum(fold_sum) as sum_purchase,
        sum(fold_count) as count_purchases,
        map_from_entries(collect_list(struct(fold, fold_sum))) as sum_purchase_by_fold,
        map_from_entries(collect_list(struct(fold, fold_count))) as count_purchases_by_fold
    from (
        {%- for encoding, columns in encodings().items() %}
        select
            '{{ encoding }}' as encoding,
            {{ encoding_key(columns) }} as encoding_key,
            fold,
            sum(purchase) as fold_sum,
            count(*) as fold_count
        from {{ purchases }}
        where split = 'train'
        group by {{ (columns + ["fold"]) | join(", ") }}
        {{ "union all" if not loop.last }}
        {%- endfor %}
    )
    group by encoding, encoding_key
{%- endmacro %}

{#-
  Statement: each row of `purchases` with `<encoding>_mean_purchase` and `<encoding>_count` from the
  rows that it may know of. A key that those rows do not hold takes the mean of the next coarser
  encoding, and the count 0.
-#}
{% macro select_encoded(purchases, encodings_relation) -%}
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
                {{ encoding_key(columns) }} as {{ encoding }}_key
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
