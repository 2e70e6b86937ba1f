"""Rate limits as plain data and arithmetic, for the objects that decide and the isolates that ask.

One module for each algorithm, behind the protocol of `algorithm.py`; `authority.py` is the side of
the object, which hands out permits in leases, and `holder.py` that of the isolate, which spends
them. Nothing here has a clock, randomness or storage of its own.
"""
