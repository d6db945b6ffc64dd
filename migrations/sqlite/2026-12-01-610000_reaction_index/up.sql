-- Each foreign key has its index: whoever deletes a row looks for those that belong to it. Tables that a send writes to are
-- locked one by one, each in a migration of its own.
CREATE INDEX reactions_by_user ON reactions (user_id);
