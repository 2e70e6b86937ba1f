-- People, their sessions, and the refresh tokens that come of them. No secret is stored, only what
-- verifies one. Times are Unix seconds; scopes are separated by single spaces.
CREATE TABLE accounts (
  id TEXT PRIMARY KEY, -- the name that is typed at a login, in lower case
  password_hash TEXT NOT NULL, -- pbkdf2-sha256$<iterations>$<salt>$<hash>, see identity/passwords.py
  scopes TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  disabled_at INTEGER
) STRICT;

CREATE TABLE sessions (
  id TEXT PRIMARY KEY,
  secret_digest TEXT NOT NULL, -- SHA-256, in hexadecimal
  account_id TEXT NOT NULL REFERENCES accounts (id),
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;

CREATE INDEX sessions_by_end ON sessions (expires_at);

-- One row for all refresh tokens that follow from one another: only the newest one's digest is
-- there, so that whoever shows another one shows one that was used.
CREATE TABLE refresh_families (
  id TEXT PRIMARY KEY,
  secret_digest TEXT NOT NULL,
  account_id TEXT NOT NULL REFERENCES accounts (id),
  session_id TEXT NOT NULL,
  scopes TEXT NOT NULL,
  generation INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  revoked_at INTEGER
) STRICT;

CREATE INDEX refresh_families_by_session ON refresh_families (session_id);

-- Access tokens (`jti`) and families of them (`sid`) that end before their time.
CREATE TABLE revoked_tokens (
  id TEXT PRIMARY KEY,
  expires_at INTEGER NOT NULL
) STRICT;

CREATE INDEX revoked_tokens_by_end ON revoked_tokens (expires_at);

CREATE TABLE login_attempts (
  key TEXT PRIMARY KEY, -- a digest of the account or of the address
  since INTEGER NOT NULL,
  count INTEGER NOT NULL
) STRICT;

CREATE INDEX login_attempts_by_time ON login_attempts (since);
