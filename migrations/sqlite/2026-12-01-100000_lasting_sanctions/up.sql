-- When somebody sent their latest message in a slow room that they have left: they wait as if they had stayed.
CREATE TABLE last_sent (
    room_id BIGINT    NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    user_id BIGINT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    sent_at TIMESTAMP NOT NULL,
    PRIMARY KEY (room_id, user_id)
);

-- Mutes and bans of accounts that were deleted, for a new account of the same name or from the same network: see
-- src/chat/kept_sanctions.rs.
CREATE TABLE kept_sanctions (
    id      INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    room_id BIGINT    NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    kind    TEXT      NOT NULL CHECK (kind IN ('mute', 'ban')),
    until   TIMESTAMP, -- without it for ever
    mark    TEXT      NOT NULL, -- a keyed hash of the name or the network
    ends_at TIMESTAMP NOT NULL -- when it is forgotten
);
CREATE INDEX kept_sanctions_by_mark ON kept_sanctions (mark);

-- Who made a room, while they are one of its moderators: they stand above the others.
ALTER TABLE rooms ADD COLUMN made_by BIGINT;
UPDATE rooms SET made_by = (
    SELECT members.user_id FROM members WHERE members.room_id = rooms.id AND members.role = 'moderator'
    ORDER BY members.joined_at, members.user_id LIMIT 1
);

-- Whether an entry tells of a private room or a direct talk, which those who are not in it learn nothing of.
ALTER TABLE audit ADD COLUMN private BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE audit SET private = TRUE WHERE room_id IN (SELECT id FROM rooms WHERE kind <> 'public');
