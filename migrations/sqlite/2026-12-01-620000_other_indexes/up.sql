-- Each foreign key has its index: whoever deletes a row looks for those that belong to it. Tables that a send writes to are
-- locked one by one, each in a migration of its own.
CREATE INDEX reports_by_author ON reports (author_id);
CREATE INDEX reports_by_reporter ON reports (reporter_id);
CREATE INDEX reports_by_settler ON reports (settled_by) WHERE settled_by IS NOT NULL;
CREATE INDEX kept_sanctions_by_room ON kept_sanctions (room_id);
CREATE INDEX last_sent_by_user ON last_sent (user_id);
CREATE INDEX invitations_by_room ON invitations (room_id) WHERE room_id IS NOT NULL;
CREATE INDEX invitations_by_maker ON invitations (made_by) WHERE made_by IS NOT NULL;
