"""The Worker that times the schema checker in workerd, and the workload that CPython shares."""
