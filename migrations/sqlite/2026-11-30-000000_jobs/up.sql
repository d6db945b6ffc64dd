-- Work that is done later, in steps, by whichever instance takes it: see src/app/jobs.rs. Times are the database's.
CREATE TABLE jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT UNIQUE, -- where it is to be queued once only
    payload TEXT NOT NULL, -- JSON: what to do next
    run_at TIMESTAMP NOT NULL, -- not before
    attempts INTEGER NOT NULL DEFAULT 0, -- begun since it last got on
    lease TEXT, -- the worker that has it
    leased_until TIMESTAMP, -- then it is anybody's again
    failed_at TIMESTAMP, -- given up, for an operator to look at
    error TEXT NOT NULL DEFAULT '' -- of the latest attempt
);
CREATE INDEX jobs_by_turn ON jobs (failed_at, run_at, id);
