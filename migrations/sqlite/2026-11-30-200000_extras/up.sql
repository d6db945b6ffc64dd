-- What features add to a user, by their names, as a JSON object: see src/chat/extras.rs.
ALTER TABLE users ADD COLUMN extras TEXT;

-- The number of their latest change; the numbers of all users rise in the order of the commits.
ALTER TABLE users ADD COLUMN extras_seq BIGINT;
CREATE UNIQUE INDEX users_by_extras_seq ON users (extras_seq);
INSERT INTO meta (name, value) VALUES ('extras_seq', '0');
