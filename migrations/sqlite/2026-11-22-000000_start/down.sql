DROP TABLE reactions;
DROP TABLE mentions;
DROP TABLE messages;
DROP TABLE members;
DROP TABLE rooms;
DROP TABLE sessions;
DROP TABLE users;
DROP TABLE meta;
