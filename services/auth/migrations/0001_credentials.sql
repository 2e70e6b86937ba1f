-- Who may obtain tokens, and the API keys. No secret is stored, only what verifies one.
-- Times are Unix seconds; scopes are separated by single spaces.
CREATE TABLE clients (
  id TEXT PRIMARY KEY,
  secret_hash TEXT NOT NULL, -- pbkdf2-sha256$<iterations>$<salt>$<hash>, see identity/clients.py
  scopes TEXT NOT NULL,
  disabled_at INTEGER
) STRICT;

CREATE TABLE api_keys (
  id TEXT PRIMARY KEY,
  secret_digest TEXT NOT NULL, -- SHA-256 of the secret part, in hexadecimal
  owner_id TEXT NOT NULL,
  name TEXT NOT NULL,
  scopes TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER,
  revoked_at INTEGER
) STRICT;

CREATE INDEX api_keys_by_owner ON api_keys (owner_id, created_at);
