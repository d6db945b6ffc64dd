DELETE FROM messages WHERE room_id IN (SELECT room_id FROM deleted_rooms);
PRAGMA writable_schema = ON;
UPDATE sqlite_schema
    SET sql = replace(sql, 'room_id BIGINT NOT NULL,', 'room_id BIGINT NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,')
    WHERE type = 'table' AND name = 'messages';
PRAGMA writable_schema = RESET;
DROP TRIGGER rooms_deleted;
DROP TABLE deleted_rooms;
