-- The files that pages of each build need, so that any instance can serve them while several builds run.
CREATE TABLE assets (
    build TEXT NOT NULL, -- as it stands in their addresses
    path TEXT NOT NULL,
    content BLOB NOT NULL,
    seen_at TIMESTAMP NOT NULL, -- when an instance of the build was last known to run
    PRIMARY KEY (build, path)
);
