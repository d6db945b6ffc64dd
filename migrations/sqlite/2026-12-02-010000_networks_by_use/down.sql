DROP INDEX known_networks_by_use;
