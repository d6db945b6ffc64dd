-- The oldest are deleted first, where they are not kept for ever.
CREATE INDEX audit_by_time ON audit (at);
