"""The load harness: how long the gateway takes, beside its floor and a peer. See docs/benchmarks.md.

It measures and prints; nothing in it judges. `python -m bench`, or `make bench`.
"""
