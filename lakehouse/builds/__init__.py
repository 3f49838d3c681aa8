"""How production is built: what dbt's state says is to be done, and what is kept of it."""
