-- What somebody did, or had done to them, is gone through page by page.
DROP INDEX audit_by_actor;
CREATE INDEX audit_by_actor ON audit (actor_id, id);
DROP INDEX audit_by_user;
CREATE INDEX audit_by_user ON audit (user_id, id);
