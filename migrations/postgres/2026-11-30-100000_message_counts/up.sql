-- What is unread is counted from these, without reading what is unread: see src/chat/read_state.rs.

-- Up to this message, itself included, so many were ever sent in the room: of every 128th message.
CREATE TABLE message_counts (
    room_id BIGINT NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
    message_id BIGINT NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (room_id, message_id)
);
INSERT INTO message_counts (room_id, message_id, count)
    SELECT room_id, id, n
    FROM (SELECT room_id, id, row_number() OVER (PARTITION BY room_id ORDER BY id) AS n FROM messages) AS numbered
    WHERE n % 128 = 0;

CREATE INDEX messages_deleted ON messages (room_id, id) WHERE deleted_at IS NOT NULL;

-- The mark was set back: messages of the member's own may lie above it.
ALTER TABLE members ADD COLUMN set_back BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE members SET set_back = TRUE
    FROM (SELECT room_id, author_id, max(id) AS latest FROM messages WHERE deleted_at IS NULL GROUP BY room_id, author_id) AS own
    WHERE own.room_id = members.room_id AND own.author_id = members.user_id AND own.latest > members.last_read_seq;
