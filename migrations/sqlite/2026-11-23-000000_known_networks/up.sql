-- Where people have signed in from. Guesses at their password from elsewhere do not keep them out there.
CREATE TABLE known_networks (
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    network TEXT NOT NULL, -- an IPv4 address, or the first address of an IPv6 /64
    seen_at TIMESTAMP NOT NULL, -- when they last signed in from there
    PRIMARY KEY (user_id, network)
);

-- Sessions tell of addresses: an IPv4 address is its network, others become known with their next sign-in.
INSERT INTO known_networks (user_id, network, seen_at)
SELECT user_id, address, MAX(created_at) FROM sessions WHERE address LIKE '%.%' AND address NOT LIKE '%:%'
GROUP BY user_id, address;
