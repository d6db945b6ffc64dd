-- Both at once, as whoever sends takes them: nobody waits for one while they hold the other.
LOCK TABLE rooms, messages IN ACCESS EXCLUSIVE MODE;

-- A room is gone at once, and its messages one after another: see src/features/rooms/purge.rs. Whoever deletes the room, as
-- an instance of the last version may, it is noted here.
CREATE TABLE deleted_rooms (
    room_id BIGINT PRIMARY KEY NOT NULL
);
CREATE FUNCTION note_deleted_room() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO deleted_rooms (room_id) VALUES (OLD.id);
    RETURN NULL;
END $$;
CREATE TRIGGER rooms_deleted AFTER DELETE ON rooms FOR EACH ROW EXECUTE FUNCTION note_deleted_room();

-- Messages no longer go with their room's row.
ALTER TABLE messages DROP CONSTRAINT messages_room_id_fkey;
