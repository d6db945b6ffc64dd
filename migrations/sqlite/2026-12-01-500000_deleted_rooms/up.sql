-- A room is gone at once, and its messages one after another: see src/features/rooms/purge.rs. Whoever deletes the room, as
-- an instance of the last version may, it is noted here.
CREATE TABLE deleted_rooms (
    room_id BIGINT PRIMARY KEY NOT NULL
);
CREATE TRIGGER rooms_deleted AFTER DELETE ON rooms BEGIN
    INSERT INTO deleted_rooms (room_id) VALUES (OLD.id);
END;

-- Messages no longer go with their room's row. To make the table anew would take minutes for millions of messages; how a
-- constraint is taken away without that: https://www.sqlite.org/lang_altertable.html, "Making Other Kinds Of Table Schema Changes".
PRAGMA writable_schema = ON;
UPDATE sqlite_schema
    SET sql = replace(sql, 'room_id BIGINT NOT NULL REFERENCES rooms (id) ON DELETE CASCADE', 'room_id BIGINT NOT NULL')
    WHERE type = 'table' AND name = 'messages';
PRAGMA writable_schema = RESET;
