"""The gateway's own code, run here instead of at the edge: nothing is sent, everything is seen."""
