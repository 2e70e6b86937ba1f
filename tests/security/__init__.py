"""What must not get through, leak out or break anything, whoever sends it."""
