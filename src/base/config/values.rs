//! Single values of options: how they are read, and where the secret is kept.

use std::fs;
use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use ipnet::IpNet;
use url::Url;

use crate::base::private_files;
use crate::base::start_error::StartError;

/// The fewest bytes of a secret.
const SECRET_BYTES: usize = 64;
/// Its name in the data directory.
const SECRET_FILE: &str = "secret";

/// A list of addresses and networks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Networks(Vec<IpNet>);

impl Networks {
    /// An IPv4 address that comes as IPv6 (`::ffff:1.2.3.4`) counts as the IPv4 address it is.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Whether every address of a kind is in it.
    pub fn contain_all(&self) -> bool {
        self.0.iter().any(|network| network.prefix_len() == 0)
    }
}

impl FromStr for Networks {
    type Err = String;

    fn from_str(list: &str) -> Result<Self, String> {
        let network = |item: &str| match item.parse::<IpAddr>() {
            Ok(address) => Ok(IpNet::from(address.to_canonical())),
            Err(_) => item.parse::<IpNet>().map_err(|_| format!("{item} is neither an address nor a network")),
        };
        items(list).map(network).collect::<Result<_, _>>().map(Self)
    }
}

/// A list of origins, as browsers write them: `https://chat.example`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origins(Vec<String>);

impl Origins {
    pub fn contains(&self, origin: &str) -> bool {
        self.0.iter().any(|allowed| allowed == origin)
    }

    /// Whether one of them is of this host, at whatever port.
    pub fn have_host(&self, host: &str) -> bool {
        self.0.iter().any(|allowed| Url::parse(allowed).is_ok_and(|url| url.host_str() == Some(host)))
    }
}

impl FromStr for Origins {
    type Err = String;

    fn from_str(list: &str) -> Result<Self, String> {
        let origin = |item: &str| bare_http_url(item).map(|url| url.origin().ascii_serialization());
        items(list).map(origin).collect::<Result<_, _>>().map(Self)
    }
}

fn items(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|item| !item.is_empty())
}

pub fn backup_span(text: &str) -> Result<Duration, String> {
    let span = humantime::parse_duration(text).map_err(|error| format!("{text} is no time as 6h or 1day: {error}"))?;
    if span < Duration::from_secs(1) { Err("must be a second at least".to_owned()) } else { Ok(span) }
}

pub fn listen(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "must be an address and a port, as 127.0.0.1:8080, [::1]:8080 or 0.0.0.0:8080".to_owned())
}

pub fn public_url(text: &str) -> Result<Url, String> {
    bare_http_url(text)
}

/// Pages and cookies live at the root, so nothing may follow the host.
fn bare_http_url(text: &str) -> Result<Url, String> {
    if !["http://", "https://"].iter().any(|scheme| text.starts_with(scheme)) {
        return Err(format!("{text} must begin with http:// or https://"));
    }
    let url = Url::parse(text).map_err(|error| format!("{text} is not a URL: {error}"))?;
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    if bare { Ok(url) } else { Err(format!("{text} must have nothing but a host and a port")) }
}

/// What most likely is wrong with the URL of a server.
const SIGNS: &str = "is no URL with a host and perhaps a port; in a password %23 stands for #, %2F for /, %3F for ?, %40 for @ and %25 for %";

/// Says nothing of the value: it may hold a password.
pub fn database_url(url: &str) -> Result<(), &'static str> {
    match url.split_once("://") {
        Some(("sqlite", path)) if !path.is_empty() => Ok(()),
        Some(("sqlite", _)) => Err("a path must follow sqlite://"),
        Some(("postgres" | "postgresql", _)) => {
            Url::parse(url).ok().filter(|url| url.fragment().is_none()).map(drop).ok_or(SIGNS)
        }
        _ => Err("must begin with sqlite:// or postgres://"),
    }
}

/// Says nothing of the value: it may hold a password.
pub fn redis_url(url: &str) -> Result<(), &'static str> {
    match Url::parse(url) {
        Ok(url) if matches!(url.scheme(), "redis" | "rediss" | "redis+unix" | "unix") => match url.fragment() {
            // The library's own word: certificates are not checked.
            None | Some("insecure") => Ok(()),
            Some(_) => Err(SIGNS),
        },
        Err(_) if url.starts_with("redis://") || url.starts_with("rediss://") => Err(SIGNS),
        _ => Err("must be a URL that begins with redis:// or rediss://"),
    }
}

pub fn secret(hex_text: &str) -> Result<Vec<u8>, String> {
    let bytes = hex::decode(hex_text).map_err(|_| "must be an even number of hexadecimal digits".to_owned())?;
    if bytes.len() < SECRET_BYTES {
        return Err(format!("must be at least {SECRET_BYTES} bytes, {} hexadecimal digits", SECRET_BYTES * 2));
    }
    Ok(bytes)
}

/// Whether there is a secret in the data directory.
pub fn has_secret(data_dir: &Path) -> bool {
    data_dir.join(SECRET_FILE).exists()
}

/// The secret in the data directory, made there when it is missing.
pub fn kept_secret(data_dir: &Path) -> Result<Vec<u8>, StartError> {
    let path = data_dir.join(SECRET_FILE);
    let failed = |error: io::Error| StartError::option("data-dir", StartError::about(&path, &error));
    if let Ok(found) = fs::metadata(&path)
        && found.permissions().mode() & 0o077 != 0
    {
        let why = format!("{}: others than its owner may read it: chmod 600", path.display());
        return Err(StartError::option("data-dir", why));
    }
    let text = match fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            private_files::make_data_dir(data_dir)?;
            make_secret(data_dir, &path).map_err(failed)?;
            fs::read_to_string(&path).map_err(failed)?
        }
        read => read.map_err(failed)?,
    };
    secret(text.trim()).map_err(|why| {
        let advice = "put the old one back, or remove it: then everybody signs in again";
        StartError::option("data-dir", format!("{}: {why}: {advice}", path.display()))
    })
}

/// Appears whole or not at all; of two processes that start together, the first one's stays.
fn make_secret(data_dir: &Path, path: &Path) -> io::Result<()> {
    let draft = data_dir.join(format!("secret.{}", std::process::id()));
    let _ = fs::remove_file(&draft);
    let mut file = private_files::create(&draft)?;
    writeln!(file, "{}", hex::encode(rand::random::<[u8; SECRET_BYTES]>()))?;
    file.sync_all()?;
    if let Err(error) = private_files::give_name(&draft, path) {
        fs::remove_file(&draft)?;
        if error.kind() != io::ErrorKind::AlreadyExists {
            return Err(error);
        }
    }
    fs::File::open(data_dir)?.sync_all()
}
