ALTER TABLE members DROP COLUMN set_back;
DROP INDEX messages_deleted;
DROP TABLE message_counts;
