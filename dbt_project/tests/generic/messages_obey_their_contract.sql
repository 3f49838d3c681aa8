{#- A returned row is a usable record that breaks the contract of its topic, with the fields that do. -#}
{% test messages_obey_their_contract(model) %}

select *
from (
    select
        {{ broken_expressions(message_rules()) }} as broken_rules,
        *
    from {{ model }}
)
where size(broken_rules) > 0

{% endtest %}
