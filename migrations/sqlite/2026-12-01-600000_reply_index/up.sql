-- Each foreign key has its index: whoever deletes a row looks for those that belong to it. Tables that a send writes to are
-- locked one by one, each in a migration of its own.
CREATE INDEX messages_by_reply_to ON messages (room_id, reply_to) WHERE reply_to IS NOT NULL;
