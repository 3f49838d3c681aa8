{% macro decoded_uri(uri) -%}
    {#- Every character of ASCII that a URI may not hold as it is; the percent sign itself comes last. -#}
    {%- set escaped = {
        "%20": " ", "%22": '"', "%23": "#", "%3C": "<", "%3E": ">", "%3F": "?", "%5B": "[", "%5C": "\\",
        "%5D": "]", "%5E": "^", "%60": "`", "%7B": "{", "%7C": "|", "%7D": "}", "%25": "%",
    } -%}
    {%- set decoded = namespace(text=uri) -%}
    {%- for code, character in escaped.items() -%}
        {%- set decoded.text = decoded.text | replace(code, character) -%}
    {%- endfor -%}
    {{ return(decoded.text) }}
{%- endmacro %}
