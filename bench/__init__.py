"""The load harness: how long the gateway takes, beside its floor and a peer.

It measures and prints; nothing in it judges. docs/benchmarks.md says what is measured and how.
"""
