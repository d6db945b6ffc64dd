ALTER TABLE members DROP COLUMN starred;
