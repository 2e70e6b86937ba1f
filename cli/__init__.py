"""The `gateway` command: what the platform team and the build run on their own machines."""
