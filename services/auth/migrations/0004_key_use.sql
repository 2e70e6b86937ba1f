-- When a key was last used, to the hour: it is written at most once in that time.
ALTER TABLE api_keys ADD COLUMN last_used_at INTEGER;
