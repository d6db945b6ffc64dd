DROP TABLE user_looks;
DROP TABLE room_words;
DROP TABLE user_words;
ALTER TABLE rooms DROP COLUMN words_of;
ALTER TABLE users DROP COLUMN words_of;
