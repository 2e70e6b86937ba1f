-- The last good keys of each foreign issuer, for isolates that are new while it does not answer.
CREATE TABLE issuer_keys (
  issuer TEXT PRIMARY KEY,
  document TEXT NOT NULL, -- the JWK set as it was published
  fetched_at INTEGER NOT NULL,
  fresh_until INTEGER NOT NULL
) STRICT;
