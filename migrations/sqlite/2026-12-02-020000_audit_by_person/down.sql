DROP INDEX audit_by_user;
CREATE INDEX audit_by_user ON audit (user_id);
DROP INDEX audit_by_actor;
CREATE INDEX audit_by_actor ON audit (actor_id);
