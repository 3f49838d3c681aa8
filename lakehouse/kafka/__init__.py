"""Kafka as the job and the producer both meet it: its messages, its topics, the way to it."""
