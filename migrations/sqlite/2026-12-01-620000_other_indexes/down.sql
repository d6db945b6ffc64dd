DROP INDEX invitations_by_maker;
DROP INDEX invitations_by_room;
DROP INDEX last_sent_by_user;
DROP INDEX kept_sanctions_by_room;
DROP INDEX reports_by_settler;
DROP INDEX reports_by_reporter;
DROP INDEX reports_by_author;
