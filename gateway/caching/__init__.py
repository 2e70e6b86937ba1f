"""The rules of a shared HTTP cache (RFC 9111) as plain functions: no clock, no network.

`decide` says what becomes of a request, `store` what becomes of an answer, `updating` what a
validation makes of what is stored. Who holds the entries, and where, is no business of theirs:
`shelf`, `entries` and `keys` are for that, `answering` answers with them, and `fetching`,
`collapsing` and `refreshing` ask the service.
"""
