DELETE FROM messages WHERE room_id IN (SELECT room_id FROM deleted_rooms);
ALTER TABLE messages ADD FOREIGN KEY (room_id) REFERENCES rooms (id) ON DELETE CASCADE;
DROP TRIGGER rooms_deleted ON rooms;
DROP FUNCTION note_deleted_room();
DROP TABLE deleted_rooms;
