DELETE FROM meta WHERE name = 'extras_seq';
DROP INDEX users_by_extras_seq;
ALTER TABLE users DROP COLUMN extras_seq;
ALTER TABLE users DROP COLUMN extras;
