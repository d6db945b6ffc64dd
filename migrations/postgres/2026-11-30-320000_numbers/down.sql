ALTER TABLE rooms DROP COLUMN lowered_seq;
