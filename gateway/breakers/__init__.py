"""Circuit breakers as an isolate sees them."""
