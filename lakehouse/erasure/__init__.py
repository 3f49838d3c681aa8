"""Erasure: a customer leaves every table, and nothing that lands again brings them back."""
