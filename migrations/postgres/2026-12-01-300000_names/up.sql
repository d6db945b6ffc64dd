-- Names as they are found and compared, made by src/chat/names.rs. words_of is the name that has been through it, after the
-- number of the version.
ALTER TABLE users ADD COLUMN words_of TEXT NOT NULL DEFAULT '';
ALTER TABLE rooms ADD COLUMN words_of TEXT NOT NULL DEFAULT '';
-- Of somebody whose account was deleted nothing is noted.
UPDATE users SET words_of = '1 ' || display_name WHERE deleted_at IS NOT NULL;
-- Those that have not been through it.
CREATE INDEX users_to_note ON users (id) WHERE words_of <> '1 ' || display_name;
CREATE INDEX rooms_to_note ON rooms (id) WHERE words_of <> '1 ' || title AND kind <> 'direct';

-- Display names from each of their words on, folded.
CREATE TABLE user_words (
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    words   TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (user_id, words)
);
CREATE INDEX user_words_by_words ON user_words (words, user_id);

-- Titles likewise.
CREATE TABLE room_words (
    room_id BIGINT NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    words   TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (room_id, words)
);
CREATE INDEX room_words_by_words ON room_words (words, room_id);

-- What usernames and display names look like.
CREATE TABLE user_looks (
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    look    TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (user_id, look)
);
CREATE INDEX user_looks_by_look ON user_looks (look, user_id);

-- What begins with something is a range of these, as on SQLite.
ALTER TABLE users ALTER COLUMN username_key TYPE TEXT COLLATE "C";
ALTER TABLE rooms ALTER COLUMN slug TYPE TEXT COLLATE "C";
