//! Starting, serving, ending.

mod connection;
mod first_owner;
mod router;
mod signals;
mod takeover;
mod timeouts;
mod upgrade;

use std::io::{ErrorKind, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix::prelude::*;
use actix_http::HttpService;
use actix_server::ServerHandle;
use actix_service::{ServiceFactoryExt, map_config};
use actix_web::dev::AppConfig;
use actix_web::web::Data;
use chrono::TimeDelta;
use socket2::{Domain, Socket, Type};
use tokio::sync::mpsc;

use crate::app::assets::builds;
use crate::app::{App, assets, jobs};
use crate::base::config::{Config, open_file_limit, own_files, raise_open_file_limit};
use crate::base::failpoints::hastened;
use crate::base::log::Log;
use crate::base::metrics::Exporter;
use crate::base::private_files::make_data_dir;
use crate::base::secret;
use crate::base::start_error::StartError;
use crate::chat::{extras, rooms};
use crate::db::explained;
use crate::db::open::open;
use crate::db::{InstanceLock, meta};
use crate::features;
use crate::features::operations::scheduled_backups;
use crate::realtime::broker::BrokerConfig;
use crate::realtime::fanout::Fanout;
use crate::realtime::hub::{Hub, HubHandle, Start};
use crate::realtime::send_rate::SendRate;
use crate::realtime::ws_session::{IDLE_SOCKET_BYTES, Shared};
use crate::server::connection::{Connection, Connections};
use crate::server::signals::Signals;
use crate::server::timeouts::{HEAD_TIMEOUT, KEEP_ALIVE};
use crate::wire::refusal::Refusal;

/// How long a connection that is being closed may take.
const LINGER: Duration = Duration::from_secs(2);
/// A team may need more.
const FEW_SOCKETS: usize = 200;
const BACKLOG: i32 = 4_096;
/// How long the last HTTP requests may take once the sockets are closed.
const LAST_REQUESTS_SECS: u64 = 1;
/// How much longer than planned the sockets may take to close.
const LAST_SOCKETS: Duration = Duration::from_secs(3);

/// Serves until a signal ends it. Prints one line when requests are answered.
///
/// # Errors
/// What keeps it from starting, as a line for whoever starts it.
pub fn run(mut config: Config, log: Log) -> Result<(), StartError> {
    raise_open_file_limit();
    config.check_open_files()?;
    let listener = listen(&config)?;
    // Where a port was picked, links name it.
    config.listen = listener.local_addr().map_err(|error| StartError::option("listen", error))?;
    if config.keeps_database() {
        make_data_dir(&config.data_dir)?;
    }
    let floods = log.floods();
    let served = System::new().block_on(serve(Arc::new(config), listener, log));
    floods.tell(true);
    served.inspect(|()| tracing::info!("ended"))
}

async fn serve(config: Arc<Config>, listener: TcpListener, log: Log) -> Result<(), StartError> {
    let exporter = Exporter::install().map_err(|error| StartError(format!("metrics: {error}")))?;
    actix_rt::spawn(exporter.clone().keep_up());
    actix_rt::spawn(log.floods().keep_up());
    let address = config.listen;
    let instance_lock = if config.redis_url.is_some() { InstanceLock::Shared } else { InstanceLock::Exclusive };
    let secret = || config.cookie_key().map(|key| secret::fingerprint(&key));
    let store = open(&config.database_url(), instance_lock, secret)?;
    let key = config.cookie_key()?;
    let broker_config = BrokerConfig::of(config.redis_url.as_deref())?;
    let instance = uuid::Uuid::new_v4().simple().to_string();
    let read = store.read(|c| Ok::<_, Refusal>((rooms::epoch(c)?, extras::latest(c)?))).await;
    let unusable = |refusal: Refusal| StartError::option("database-url", refusal);
    let (epoch, extras_seq) = read.map_err(unusable)?;
    // At 0.0.0.0 nobody reaches it.
    let origin = (config.public_url.is_some() || !address.ip().is_unspecified()).then(|| config.public_origin());
    let noted = store.write(move |c| Ok::<_, Refusal>(meta::put(c, meta::PUBLIC_ORIGIN, origin.as_deref())?)).await;
    noted.map_err(unusable)?;
    let kept = builds::keep_own(&store).await;
    kept.map_err(unusable)?;
    actix_rt::spawn(builds::keep_up(store.clone()));
    actix_rt::spawn(scheduled_backups::keep_up(Arc::clone(&config), store.clone()));
    let send_rate = Arc::new(SendRate::new(config.send_rate, config.write_rate));
    let hub = Hub::start(Start {
        store: store.clone(),
        broker_config,
        instance: instance.clone(),
        epoch,
        extras_seq,
        sockets_per_user: config.sockets_per_user as usize,
        session_span: TimeDelta::days(i64::from(config.session_days)),
        rates: Arc::clone(&send_rate),
    });
    let draining = Arc::new(AtomicBool::new(false));
    let app = App::new(
        Arc::clone(&config),
        store.clone(),
        hub.clone(),
        Arc::clone(&send_rate),
        Arc::clone(&draining),
        key,
        exporter,
    )?;
    let tools = jobs::Tools { config: Arc::clone(&config), store: store.clone(), hub: hub.clone() };
    actix_rt::spawn(jobs::work(tools, features::jobs(), app.jobs.clone()));
    let connections = Connections::new(Arc::clone(&app.sockets), config.workers());
    let connect_reads = app.connect_reads.clone();
    let app = Data::new(app);
    let invites = app.clone();
    let mut signals = Signals::new(move || log.reread())?;
    let (ready, mut workers) = mpsc::unbounded_channel();
    let heartbeat = Duration::from_secs(config.heartbeat_secs);
    let shared = {
        let (store, connect_reads, hub) = (store.clone(), connect_reads.clone(), hub.clone());
        let build = assets::build();
        move |worker| Shared {
            store: store.clone(),
            connect_reads: connect_reads.clone(),
            hub: hub.clone(),
            send_rate: Arc::clone(&send_rate),
            heartbeat,
            instance: instance.clone(),
            build: build.clone(),
            worker,
        }
    };
    let server = actix_server::Server::build()
        .workers(config.workers())
        .disable_signals()
        .shutdown_timeout(LAST_REQUESTS_SECS)
        .listen("klatch", listener, {
            let hub = hub.clone();
            // Runs once on each worker's thread.
            move || {
                let fanout = Fanout::new(heartbeat).start();
                let (hub, shared, ready) = (hub.clone(), shared.clone(), ready.clone());
                let register = async move {
                    let worker = hub.add_worker(fanout).await?;
                    let _ = ready.send(());
                    Ok(shared(worker))
                };
                let http = HttpService::build()
                    .client_request_timeout(hastened(HEAD_TIMEOUT))
                    .client_disconnect_timeout(LINGER)
                    .keep_alive(hastened(KEEP_ALIVE))
                    .on_connect_ext(Connection::introduce)
                    .upgrade(takeover::factory(router::router(app.clone()), register))
                    .finish(map_config(router::router(app.clone()), |()| AppConfig::default()));
                connection::factory(Arc::clone(&connections)).and_then(http)
            }
        })
        .map_err(|error| StartError::option("listen", error))?
        .run();
    let handle = server.handle();
    let running = actix_rt::spawn(server);
    // A room must know all workers from its start: nobody is told of the address before.
    for _ in 0..config.workers() {
        workers.recv().await.ok_or_else(|| StartError("a worker did not start".into()))?;
    }
    tell(&config, address);
    first_owner::invite(&invites).await?;
    announce(address)?;
    signals.next().await;
    tokio::select! {
        () = drain(&hub, &handle, &draining, instance_lock, Duration::from_secs(config.drain_secs)) => {}
        // A second signal ends at once.
        () = signals.next() => handle.stop(false).await,
    }
    running.abort();
    Ok(())
}

/// Refuses new sockets, closes the open ones in waves, answers what was asked, and stops.
async fn drain(
    hub: &HubHandle,
    handle: &ServerHandle,
    draining: &AtomicBool,
    instance_lock: InstanceLock,
    over: Duration,
) {
    tracing::info!(seconds = over.as_secs(), "draining");
    draining.store(true, Ordering::Relaxed);
    let sockets = tokio::time::timeout(over + LAST_SOCKETS, hub.drain(over));
    // A balancer goes on sending requests until it has asked `/readyz` again: they are answered, sockets or none.
    let balancer = tokio::time::sleep(if instance_lock == InstanceLock::Shared { over } else { Duration::ZERO });
    let (closed, ()) = tokio::join!(sockets, balancer);
    if closed.is_err() {
        tracing::warn!("some sockets did not close in time");
    }
    handle.stop(true).await;
}

fn listen(config: &Config) -> Result<TcpListener, StartError> {
    let bind = || {
        let socket = Socket::new(Domain::for_address(config.listen), Type::STREAM, None)?;
        // A restart must not wait for the last connections' TIME_WAIT.
        socket.set_reuse_address(true)?;
        socket.bind(&config.listen.into())?;
        socket.listen(BACKLOG)?;
        Ok(socket.into())
    };
    bind().map_err(|error: std::io::Error| {
        let advice = match error.kind() {
            ErrorKind::AddrInUse => ": another program serves there (ss -ltnp tells which), or another klatch",
            ErrorKind::PermissionDenied => {
                ": a port below 1024 wants more rights; serve on another one, behind a proxy"
            }
            ErrorKind::AddrNotAvailable => ": this machine has no such address",
            _ => "",
        };
        StartError::option("listen", format!("{}: {error}{advice}", config.listen))
    })
}

/// What an operator wants to find in the log of every start.
fn tell(config: &Config, address: std::net::SocketAddr) {
    let sockets = config.max_sockets();
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        commit = env!("KLATCH_COMMIT"),
        %address,
        database = config.database_kind(),
        place = explained::place(),
        workers = config.workers(),
        max_sockets = sockets,
        open_file_limit = open_file_limit(),
        bytes_per_idle_socket = IDLE_SOCKET_BYTES,
        max_sockets_mib = sockets.saturating_mul(IDLE_SOCKET_BYTES).div_ceil(1 << 20),
        "serving"
    );
    let files_left = open_file_limit().saturating_sub(own_files(config.workers()));
    if files_left < FEW_SOCKETS {
        tracing::warn!(files_left, "few people can come in: the limit of open files is low (LimitNOFILE, ulimit -n)");
    }
    if config.trusted_proxies.contain_all() {
        tracing::warn!(
            "--trusted-proxies has every address: whoever reaches the server can pass for any other address"
        );
    }
}

fn announce(address: std::net::SocketAddr) -> Result<(), StartError> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "listening on http://{address}")
        .and_then(|()| out.flush())
        .map_err(|error| StartError(format!("standard output: {error}")))
}
