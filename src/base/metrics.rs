//! Numbers for operators: every name that `/metrics` shows, in one table. `docs/metrics.md` says what each means and what
//! to do about it.
//!
//! How to count, by what it may cost:
//! - rare events add to [`METRICS`] directly, which is one atomic addition (for a [`Family`], after a look-up);
//! - a gauge of what waits goes down by itself, when its [`Counted`] is dropped;
//! - what happens for each frame is added up on its thread first (`fanout::tally`);
//! - what can be asked for (pools, semaphores, the process) is asked for at the scrape.
//!
//! Invariant: no label has a value that users choose.

mod exporter;
mod kinds;

use std::sync::LazyLock;

use ::metrics::{Counter, Gauge, Histogram, Label, Unit};

pub use crate::base::metrics::exporter::Exporter;
use crate::base::metrics::kinds::Kind;
pub use crate::base::metrics::kinds::{Counted, Family};

/// The numbers of this process. They count from [`Exporter::install`] on.
pub static METRICS: LazyLock<Metrics> = LazyLock::new(Metrics::register);

/// Declares the numbers: what each counts, its kind, the label of a family with its values, name and unit.
macro_rules! metrics {
    ($(
        $(#[doc = $help:literal])+
        $field:ident: $kind:ty $(, $label:ident = [$($value:expr),+])? => $name:expr, $unit:ident;
    )+) => {
        /// A field for each.
        pub struct Metrics {
            $($(#[doc = $help])+ pub $field: $kind,)+
        }

        impl Metrics {
            fn register() -> Self {
                Self {
                    $($field: {
                        <$kind>::describe($name, Unit::$unit, concat!($($help),+).trim());
                        <$kind>::register($name, vec![$($(Label::from_static_parts(stringify!($label), $value)),+)?])
                    },)+
                }
            }
        }
    };
}

// Names that the exporter needs too: it gives histograms their buckets.
const COMMIT_DURATION: &str = "klatch_commit_duration_seconds";
const COMMIT_WRITES: &str = "klatch_commit_writes";
const HTTP_DURATION: &str = "klatch_http_request_duration_seconds";

metrics! {
    /// Open sockets.
    sockets: Gauge => "klatch_sockets", Count;
    /// Sockets opened.
    sockets_opened: Counter => "klatch_sockets_opened_total", Count;
    /// Sockets ended, by the code they were closed with; 1006 = without a close frame.
    sockets_closed: Family<Counter>,
        code = ["1000", "1002", "1003", "1006", "1007", "1008", "1009", "1012", "1013", "4401", "4403", "4408", "4409", "4429"]
        => "klatch_sockets_closed_total", Count;
    /// Sockets closed since 1 MiB waited for them.
    slow_sockets_closed: Counter => "klatch_slow_sockets_closed_total", Count;
    /// Handshakes of sockets refused.
    handshakes_refused: Family<Counter>, reason = ["malformed", "no_session", "origin", "unavailable"]
        => "klatch_handshakes_refused_total", Count;
    /// Those of them put off, since too many were on their way in.
    handshakes_put_off: Counter => "klatch_handshakes_put_off_total", Count;
    /// Sockets between their handshake and `welcome`, and joins while their page is read.
    arrivals: Gauge => "klatch_arrivals", Count;
    /// Bytes read from sockets.
    socket_received_bytes: Counter => "klatch_socket_received_bytes_total", Bytes;
    /// Bytes written to sockets.
    socket_sent_bytes: Counter => "klatch_socket_sent_bytes_total", Bytes;
    /// Live messages handed to sockets, each socket counted.
    frames_delivered: Counter => "klatch_frames_delivered_total", Count;
    /// Bytes that wait in the outboxes of all sockets.
    outbox_waiting_bytes: Gauge => "klatch_outbox_waiting_bytes", Bytes;
    /// Requests of sockets without an answer yet.
    requests_waiting: Gauge => "klatch_requests_waiting", Count;
    /// Requests for a page that wait for the page before, or for room in the outbox.
    pages_waiting: Gauge => "klatch_pages_waiting", Count;

    /// Rooms in use.
    rooms: Gauge => "klatch_rooms", Count;
    /// Requests that wait since their room's queue is full.
    room_queue_waiting: Gauge => "klatch_room_queue_waiting", Count;
    /// Bytes of recent frames that rooms keep.
    room_recent_bytes: Gauge => "klatch_room_recent_bytes", Bytes;
    /// Ops that wait for worker threads.
    worker_ops_waiting: Gauge => "klatch_worker_ops_waiting", Count;
    /// Times a room found a worker's queue full.
    worker_queue_full: Counter => "klatch_worker_queue_full_total", Count;
    /// Times a worker was so far behind that its frames were read from the database.
    workers_behind: Counter => "klatch_workers_behind_total", Count;
    /// Words about people and mentions dropped, since too many waited for a worker.
    worker_ops_dropped: Counter => "klatch_worker_ops_dropped_total", Count;
    /// Messages between actors that must arrive, and wait for a queue that may be full.
    mailbox_waiting: Gauge => "klatch_mailbox_waiting", Count;
    /// Requests that the hub has not answered yet.
    hub_requests_waiting: Gauge => "klatch_hub_requests_waiting", Count;

    /// Messages stored.
    messages_sent: Counter => "klatch_messages_sent_total", Count;
    /// Edits, deletions and reactions stored.
    messages_changed: Counter => "klatch_messages_changed_total", Count;
    /// Writes that wait for a transaction.
    journal_waiting: Gauge => "klatch_journal_waiting", Count;
    /// Time a batch of writes took in the database, its commit included.
    commit_duration: Histogram => COMMIT_DURATION, Seconds;
    /// Writes in a batch.
    commit_writes: Histogram => COMMIT_WRITES, Count;
    /// Batches tried again, since the database was away.
    batches_retried: Counter => "klatch_batches_retried_total", Count;
    /// Batches stored in parts, since the database refused them as a whole.
    batches_split: Counter => "klatch_batches_split_total", Count;

    /// Commands performed: what they ask for is stored, refused, or failed.
    commands: Family<Counter>, outcome = ["done", "refused", "failed"] => "klatch_commands_total", Count;

    /// Jobs that wait or run.
    jobs_waiting: Gauge => "klatch_jobs_waiting", Count;
    /// Jobs that were given up.
    jobs_failed: Gauge => "klatch_jobs_failed", Count;
    /// Steps of jobs: the job is done, has more to do, failed, or was lost to another instance.
    job_steps: Family<Counter>, outcome = ["done", "more", "failed", "lost"] => "klatch_job_steps_total", Count;

    /// Whether other instances can be heard through Redis: 1 or 0.
    redis_well: Gauge => "klatch_redis_well", Count;
    /// Connections made to Redis.
    redis_connections: Counter => "klatch_redis_connections_total", Count;
    /// Channels subscribed to.
    redis_subscriptions: Gauge => "klatch_redis_subscriptions", Count;
    /// Words that Redis took for other instances.
    words_published: Counter => "klatch_words_published_total", Count;
    /// Words of other instances passed on to rooms and to the hub.
    words_heard: Counter => "klatch_words_heard_total", Count;
    /// Words dropped; what they told is in the database.
    words_dropped: Family<Counter>, reason = ["away", "incoming", "outgoing", "reader"]
        => "klatch_words_dropped_total", Count;
    /// Words that wait for Redis to take them.
    words_outgoing: Gauge => "klatch_words_outgoing", Count;
    /// Words from Redis that are not passed on yet.
    words_incoming: Gauge => "klatch_words_incoming", Count;

    /// Queries that run or wait.
    database_queries: Family<Gauge>, lane = ["read", "write"] => "klatch_database_queries", Count;
    /// Queries begun, each of one snapshot or transaction.
    database_queries_begun: Family<Counter>, lane = ["read", "write"] => "klatch_database_queries_total", Count;
    /// Pages of SQLite's write-ahead log.
    database_log_pages: Gauge => "klatch_database_log_pages", Count;
    /// Connections to the database.
    database_connections: Family<Gauge>, state = ["idle", "used"] => "klatch_database_connections", Count;
    /// What the database could not do.
    database_errors: Family<Counter>, kind = ["busy", "connection", "lost", "query", "timeout"]
        => "klatch_database_errors_total", Count;

    /// When a backup was last made, whoever made it; 0 where none was.
    last_backup: Gauge => "klatch_last_backup_timestamp_seconds", Seconds;
    /// Backups that this server was to make by itself.
    backups: Family<Counter>, outcome = ["done", "failed"] => "klatch_backups_total", Count;

    /// Accounts made.
    signups: Counter => "klatch_signups_total", Count;
    /// Logins with a right password.
    logins: Counter => "klatch_logins_total", Count;
    /// Logins with a wrong name or password.
    login_failures: Counter => "klatch_login_failures_total", Count;
    /// Logins and sign-ups refused unheard: after too many failures, or since too many wait.
    logins_refused: Family<Counter>, reason = ["busy", "rate"] => "klatch_logins_refused_total", Count;
    /// Logins that wait for others of the same account or address.
    logins_waiting: Gauge => "klatch_logins_waiting", Count;
    /// Passwords that are being hashed, and those that wait for it.
    passwords: Family<Gauge>, state = ["running", "waiting"] => "klatch_passwords", Count;
    /// Requests refused since their user was too fast.
    requests_limited: Family<Counter>, kind = ["change", "message", "read", "signup", "write"] => "klatch_requests_limited_total", Count;

    /// HTTP requests answered, by the class of their status.
    http_requests: Family<Counter>, status = ["1xx", "2xx", "3xx", "4xx", "5xx"] => "klatch_http_requests_total", Count;
    /// Time until an HTTP request was answered.
    http_duration: Histogram => HTTP_DURATION, Seconds;
    /// Pages that could not be made.
    template_errors: Counter => "klatch_template_errors_total", Count;
    /// Always 1; the label says which version runs.
    build_info: Family<Gauge>, version = [env!("CARGO_PKG_VERSION")] => "klatch_build_info", Count;
}
