DROP INDEX audit_by_user;
DROP INDEX audit_by_actor;
