DROP TABLE user_looks;
DROP TABLE room_words;
DROP TABLE user_words;
DROP INDEX rooms_to_note;
DROP INDEX users_to_note;
ALTER TABLE rooms DROP COLUMN words_of;
ALTER TABLE users DROP COLUMN words_of;
