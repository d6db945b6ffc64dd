-- The number of the latest change by which what is unread or mentions somebody became less: by a deletion, or an edit that
-- takes a mention away.
ALTER TABLE rooms ADD COLUMN lowered_seq BIGINT NOT NULL DEFAULT 0;

-- 'all' was what everybody had, and told no more than 'mentions' does.
UPDATE members SET notify = 'mentions' WHERE notify = 'all';

-- Direct talks are called by the names that their people have now; where others have gone, it is not known who they were.
UPDATE rooms SET title = CASE WHEN pair IS NULL AND (SELECT count(*) FROM members WHERE members.room_id = rooms.id) = 1
    THEN 'Deleted user' ELSE '' END WHERE kind = 'direct';
