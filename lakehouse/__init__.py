"""What dbt, streaming, ml and the dashboard share: settings, Spark, services and data."""
