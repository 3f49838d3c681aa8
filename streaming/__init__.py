"""Streaming: purchases and customer events through Kafka into bronze Delta tables."""
