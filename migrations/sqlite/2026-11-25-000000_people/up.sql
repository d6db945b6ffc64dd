-- Who may see, say and do what: see src/policy.rs.

ALTER TABLE users ADD COLUMN role TEXT NOT NULL DEFAULT 'member' CHECK (role IN ('owner', 'admin', 'member', 'guest'));
ALTER TABLE users ADD COLUMN about TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN time_zone TEXT NOT NULL DEFAULT ''; -- a name of the IANA database, or empty
ALTER TABLE users ADD COLUMN banned_at TIMESTAMP; -- the chat is closed to them since then
ALTER TABLE users ADD COLUMN banned_until TIMESTAMP; -- without it for ever
ALTER TABLE users ADD COLUMN deleted_at TIMESTAMP; -- the account is deleted; its row stays as the author of what is left

ALTER TABLE rooms ADD COLUMN archived_at TIMESTAMP; -- read-only since then
ALTER TABLE rooms ADD COLUMN pair TEXT; -- the direct talk of these two, by their ids: 3-17
ALTER TABLE rooms ADD COLUMN is_default BOOLEAN NOT NULL DEFAULT FALSE; -- new members of the chat join it by themselves
ALTER TABLE rooms ADD COLUMN slow_secs INTEGER NOT NULL DEFAULT 0; -- from one message of somebody to their next
ALTER TABLE rooms ADD COLUMN blocked_words TEXT NOT NULL DEFAULT ''; -- one in each line
ALTER TABLE rooms ADD COLUMN blocks_links BOOLEAN NOT NULL DEFAULT FALSE;
CREATE UNIQUE INDEX rooms_by_pair ON rooms (pair);

ALTER TABLE members ADD COLUMN sent_at TIMESTAMP; -- their latest message, where the room is slow
ALTER TABLE messages ADD COLUMN removed BOOLEAN NOT NULL DEFAULT FALSE; -- deleted by a moderator

-- What somebody may not do in a room, whether a member or not.
CREATE TABLE sanctions (
    room_id BIGINT NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('mute', 'ban')),
    until TIMESTAMP, -- without it for ever
    PRIMARY KEY (room_id, user_id, kind)
);
CREATE INDEX sanctions_by_user ON sanctions (user_id);

CREATE TABLE reports (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    room_id BIGINT NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    message_id BIGINT NOT NULL,
    author_id BIGINT NOT NULL REFERENCES users (id),
    body TEXT NOT NULL, -- as it stood when it was reported
    reporter_id BIGINT NOT NULL REFERENCES users (id),
    reason TEXT NOT NULL,
    made_at TIMESTAMP NOT NULL,
    settled_at TIMESTAMP, -- without it the report is open
    settled_by BIGINT REFERENCES users (id),
    UNIQUE (room_id, message_id, reporter_id)
);

-- What was done to people, rooms and messages. Names are as they were then: the log outlives what it tells of.
CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    at TIMESTAMP NOT NULL,
    actor_id BIGINT, -- without it the command line
    actor TEXT NOT NULL,
    act TEXT NOT NULL,
    room_id BIGINT,
    room TEXT,
    user_id BIGINT, -- whom it was done to
    username TEXT,
    message_id BIGINT,
    reason TEXT NOT NULL,
    detail TEXT NOT NULL
);
CREATE INDEX audit_by_room ON audit (room_id, id);

-- Links that let somebody in.
CREATE TABLE invitations (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    token_hash TEXT NOT NULL UNIQUE, -- SHA-256 of the link's token, in hex; the token itself is nowhere
    made_by BIGINT REFERENCES users (id), -- without it the server itself, or the command line
    role TEXT NOT NULL CHECK (role IN ('owner', 'admin', 'member', 'guest')), -- what it makes of a new account
    room_id BIGINT REFERENCES rooms (id) ON DELETE CASCADE, -- where it leads
    made_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    uses_left BIGINT, -- without it any number
    uses BIGINT NOT NULL DEFAULT 0,
    revoked_at TIMESTAMP
);
