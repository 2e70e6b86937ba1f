"""The Worker that times matching in workerd, and the workload that it shares with CPython."""
