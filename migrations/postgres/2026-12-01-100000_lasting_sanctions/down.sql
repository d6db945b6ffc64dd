ALTER TABLE audit DROP COLUMN private;
ALTER TABLE rooms DROP COLUMN made_by;
DROP TABLE kept_sanctions;
DROP TABLE last_sent;
