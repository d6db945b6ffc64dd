-- What has run out is found without reading all of it. Each table is locked by itself, since others lock them in other orders.
CREATE INDEX sessions_by_end ON sessions (expires_at);
