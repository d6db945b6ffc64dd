-- Whoever deletes their account is called so in the log too, at whatever has been done by them and to them.
CREATE INDEX audit_by_actor ON audit (actor_id);
CREATE INDEX audit_by_user ON audit (user_id);
UPDATE audit SET actor = 'deleted-' || actor_id WHERE actor_id IN (SELECT id FROM users WHERE deleted_at IS NOT NULL);
UPDATE audit SET username = 'deleted-' || user_id WHERE user_id IN (SELECT id FROM users WHERE deleted_at IS NOT NULL);
