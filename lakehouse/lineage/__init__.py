"""From which columns a column is made, read from the SQL that dbt compiled."""
