"""What happens when a part of the system is broken for real."""
