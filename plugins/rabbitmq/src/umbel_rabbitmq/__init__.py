"""Umbel on RabbitMQ."""
