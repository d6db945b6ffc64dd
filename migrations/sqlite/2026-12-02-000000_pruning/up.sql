-- What has run out is found without reading all of it.
CREATE INDEX sessions_by_end ON sessions (expires_at);
CREATE INDEX known_networks_by_use ON known_networks (seen_at);
