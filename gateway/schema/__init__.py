"""JSON Schema 2020-12: compiled on the host to plain data, of which the edge makes closures.

Not a library for every dialect: what it does not know it refuses when a table is checked, so that
no keyword is silently without effect.
"""
