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

-- Messages no longer go with their room's row.
ALTER TABLE messages DROP CONSTRAINT messages_room_id_fkey;
