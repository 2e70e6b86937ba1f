"""Tables that are published while the gateway runs: which one answers, and who may change that."""
