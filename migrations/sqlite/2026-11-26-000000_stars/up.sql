ALTER TABLE members ADD COLUMN starred BOOLEAN NOT NULL DEFAULT FALSE; -- stands first in the member's list
