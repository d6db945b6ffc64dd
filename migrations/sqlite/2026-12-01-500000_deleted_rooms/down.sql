DELETE FROM messages WHERE room_id IN (SELECT room_id FROM deleted_rooms);
PRAGMA writable_schema = ON;
UPDATE sqlite_schema
    SET sql = replace(sql, 'room_id BIGINT NOT NULL,', 'room_id BIGINT NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,')
    WHERE type = 'table' AND name = 'messages';
PRAGMA writable_schema = RESET;
DROP INDEX invitations_by_maker;
DROP INDEX invitations_by_room;
DROP INDEX last_sent_by_user;
DROP INDEX kept_sanctions_by_room;
DROP INDEX reports_by_settler;
DROP INDEX reports_by_reporter;
DROP INDEX reports_by_author;
DROP INDEX reactions_by_user;
DROP INDEX messages_by_reply_to;
DROP TRIGGER rooms_deleted;
DROP TABLE deleted_rooms;
