-- What callers are beyond their scopes: roles, separated by single spaces, whose meaning the gateway's
-- table says; and further claims, a JSON object such as {"plan":"gold","tenant":"acme"}.
ALTER TABLE clients ADD COLUMN roles TEXT NOT NULL DEFAULT '';
ALTER TABLE clients ADD COLUMN claims TEXT NOT NULL DEFAULT '{}'
  CHECK (json_type(claims) = 'object' AND length(claims) <= 1024);
ALTER TABLE accounts ADD COLUMN roles TEXT NOT NULL DEFAULT '';
ALTER TABLE accounts ADD COLUMN claims TEXT NOT NULL DEFAULT '{}'
  CHECK (json_type(claims) = 'object' AND length(claims) <= 1024);
ALTER TABLE api_keys ADD COLUMN roles TEXT NOT NULL DEFAULT '';
ALTER TABLE api_keys ADD COLUMN claims TEXT NOT NULL DEFAULT '{}'
  CHECK (json_type(claims) = 'object' AND length(claims) <= 1024);
