-- A room is gone at once, and its messages one after another: see src/features/rooms/purge.rs. Whoever deletes the room, as
-- an instance of the last version may, it is noted here.
CREATE TABLE deleted_rooms (
    room_id BIGINT PRIMARY KEY NOT NULL
);
CREATE TRIGGER rooms_deleted AFTER DELETE ON rooms BEGIN
    INSERT INTO deleted_rooms (room_id) VALUES (OLD.id);
END;

-- Each foreign key has its index: whoever deletes a row looks for those that belong to it.
CREATE INDEX messages_by_reply_to ON messages (room_id, reply_to) WHERE reply_to IS NOT NULL;
CREATE INDEX reactions_by_user ON reactions (user_id);
CREATE INDEX reports_by_author ON reports (author_id);
CREATE INDEX reports_by_reporter ON reports (reporter_id);
CREATE INDEX reports_by_settler ON reports (settled_by) WHERE settled_by IS NOT NULL;
CREATE INDEX kept_sanctions_by_room ON kept_sanctions (room_id);
CREATE INDEX last_sent_by_user ON last_sent (user_id);
CREATE INDEX invitations_by_room ON invitations (room_id) WHERE room_id IS NOT NULL;
CREATE INDEX invitations_by_maker ON invitations (made_by) WHERE made_by IS NOT NULL;

-- Messages no longer go with their room's row. To make the table anew would take minutes for millions of messages; how a
-- constraint is taken away without that: https://www.sqlite.org/lang_altertable.html, "Making Other Kinds Of Table Schema Changes".
PRAGMA writable_schema = ON;
UPDATE sqlite_schema
    SET sql = replace(sql, 'room_id BIGINT NOT NULL REFERENCES rooms (id) ON DELETE CASCADE', 'room_id BIGINT NOT NULL')
    WHERE type = 'table' AND name = 'messages';
PRAGMA writable_schema = RESET;
