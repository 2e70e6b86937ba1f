"""What keeps a failing service from taking others with it, beside its circuit breaker."""
