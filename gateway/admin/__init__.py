"""What operators can do at the gateway: one module for each thing, one list, one way in."""
