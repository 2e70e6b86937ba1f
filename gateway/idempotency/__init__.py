"""Idempotency keys: what the table says of them, and what is read from requests and answers."""
