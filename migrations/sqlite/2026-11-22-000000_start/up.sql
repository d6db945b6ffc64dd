-- Numbers (seq, id) start at 1 and are given by the room's row: see src/store/append.rs.

CREATE TABLE meta (
    name TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
);

CREATE TABLE users (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    username TEXT NOT NULL,
    username_key TEXT NOT NULL UNIQUE, -- in lower case: names are unique without regard to case
    display_name TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL
);

CREATE TABLE sessions (
    token_hash TEXT PRIMARY KEY NOT NULL, -- SHA-256 of the cookie's token, in hex; the token itself is nowhere
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at TIMESTAMP NOT NULL,
    seen_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    agent TEXT NOT NULL,
    address TEXT NOT NULL
);
CREATE INDEX sessions_by_user ON sessions (user_id);

CREATE TABLE rooms (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    slug TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    topic TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('public', 'private', 'direct')),
    last_seq BIGINT NOT NULL DEFAULT 0, -- the number of the latest change
    message_count BIGINT NOT NULL DEFAULT 0, -- messages ever sent here
    access BIGINT NOT NULL DEFAULT 0, -- rises with every removal of a member
    created_at TIMESTAMP NOT NULL
);

CREATE TABLE members (
    room_id BIGINT NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role TEXT NOT NULL CHECK (role IN ('moderator', 'member')),
    last_read_seq BIGINT NOT NULL,
    notify TEXT NOT NULL DEFAULT 'all' CHECK (notify IN ('all', 'mentions', 'none')),
    joined_at TIMESTAMP NOT NULL,
    PRIMARY KEY (room_id, user_id)
);
CREATE INDEX members_by_user ON members (user_id);

CREATE TABLE messages (
    room_id BIGINT NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    id BIGINT NOT NULL, -- the number it was sent with
    seq BIGINT NOT NULL, -- the number of its latest change
    key TEXT NOT NULL, -- a UUID in lower case
    key_written TEXT NOT NULL, -- as the author's client wrote it
    author_id BIGINT NOT NULL REFERENCES users (id),
    body TEXT NOT NULL,
    html TEXT NOT NULL,
    renderer INTEGER NOT NULL, -- the version of the renderer that made html
    reply_to BIGINT,
    sent_at TIMESTAMP NOT NULL,
    edited_at TIMESTAMP,
    deleted_at TIMESTAMP,
    PRIMARY KEY (room_id, id),
    UNIQUE (author_id, key),
    FOREIGN KEY (room_id, reply_to) REFERENCES messages (room_id, id)
);
CREATE INDEX messages_by_seq ON messages (room_id, seq);

CREATE TABLE mentions (
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    room_id BIGINT NOT NULL,
    message_id BIGINT NOT NULL,
    PRIMARY KEY (user_id, room_id, message_id),
    FOREIGN KEY (room_id, message_id) REFERENCES messages (room_id, id) ON DELETE CASCADE
);
CREATE INDEX mentions_by_message ON mentions (room_id, message_id);

CREATE TABLE reactions (
    room_id BIGINT NOT NULL,
    message_id BIGINT NOT NULL,
    emoji TEXT NOT NULL,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    position BIGINT NOT NULL, -- the order in which a message's reactions are listed
    PRIMARY KEY (room_id, message_id, emoji, user_id),
    FOREIGN KEY (room_id, message_id) REFERENCES messages (room_id, id) ON DELETE CASCADE
);

INSERT INTO meta (name, value) VALUES ('epoch', lower(hex(randomblob(16)))), ('minimum_version', '1');
