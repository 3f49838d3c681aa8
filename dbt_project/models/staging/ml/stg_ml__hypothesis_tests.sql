with

hypothesis_tests as (

    select
        hypothesis_id,
        hypothesis,
        grain,
        test_name,
        statistic,
        degrees_of_freedom,
        p_value,
        p_value_holm,
        effect_size_name,
        effect_size,
        effect_low,
        effect_high,
        count_rows,
        verdict,
        plain_words,
        model_name,
        model_version,
        run_id,
        data_kind,
        scored_at
    from {{ source('predictions', 'hypothesis_tests') }}

)

select * from hypothesis_tests
