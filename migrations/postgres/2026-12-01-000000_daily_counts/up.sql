-- What somebody has made of something on a day that has a limit: see src/chat/allowances.rs. Of an older day nothing counts.
CREATE TABLE daily_counts (
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind    TEXT   NOT NULL,
    day     DATE   NOT NULL,
    count   BIGINT NOT NULL,
    PRIMARY KEY (user_id, kind)
);
