CREATE INDEX known_networks_by_use ON known_networks (seen_at);
