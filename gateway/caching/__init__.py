"""HTTP caching: what may be stored, under which key, for how long."""
