//! The address of the client: the connection's, or what a trusted proxy says it is.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use actix_web::HttpRequest;
use actix_web::http::header::{FORWARDED, HOST, HeaderMap, HeaderName, X_FORWARDED_FOR, X_FORWARDED_HOST};

use crate::base::config::{Config, Networks};

/// Stands for an address that can't be known: a trusted proxy said something that makes no sense. It is in nobody's
/// list, and all of its kind share one limit.
pub const UNKNOWN: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// Where the request comes from.
pub fn address(req: &HttpRequest, config: &Config) -> IpAddr {
    let peer = req.peer_addr().map_or(UNKNOWN, |peer: SocketAddr| peer.ip().to_canonical());
    beyond_proxies(peer, req.headers(), &config.trusted_proxies)
}

/// The host that a request is for.
pub struct NamedHost {
    /// With its port, where it has one.
    pub name: String,
    /// Whether a trusted proxy says so, and not the client alone.
    pub by_proxy: bool,
}

/// The host that the client named: a trusted proxy may have replaced it by one of its own.
pub fn host(req: &HttpRequest, config: &Config) -> Option<NamedHost> {
    let peer = req.peer_addr().map_or(UNKNOWN, |peer: SocketAddr| peer.ip().to_canonical());
    let named = match config.trusted_proxies.contains(peer) {
        // Each proxy adds at the right; the nearest one is the one that is trusted.
        true => line(req.headers(), &X_FORWARDED_HOST).or_else(|| line(req.headers(), &FORWARDED)),
        false => None,
    };
    let named = named.as_deref().and_then(|hops| split_outside_quotes(hops, ',').pop());
    // X-Forwarded-Host has the host alone, Forwarded a list of pairs.
    let named = named.and_then(|hop| if hop.contains('=') { parameter(hop, "host") } else { Some(hop.trim()) });
    let host = || req.headers().get(HOST).and_then(|host| host.to_str().ok());
    let by_proxy = named.is_some();
    named.or_else(host).map(|name| NamedHost { name: name.to_owned(), by_proxy })
}

/// The last hop that is not a trusted proxy. Each proxy adds the address it was called from at the right, so whatever
/// stands left of the first stranger is only that stranger's word.
fn beyond_proxies(peer: IpAddr, headers: &HeaderMap, trusted: &Networks) -> IpAddr {
    if !trusted.contains(peer) {
        return peer;
    }
    let in_forwarded = |list: String| last_stranger(split_outside_quotes(&list, ','), trusted, in_forwarded);
    let forwarded = line(headers, &FORWARDED).map(in_forwarded);
    // X-Forwarded-For knows no quotes: one that a client opens must not hide what the proxy added.
    let in_list = |list: String| last_stranger(list.split(',').collect(), trusted, node_address);
    let x_forwarded = line(headers, &X_FORWARDED_FOR).map(in_list);
    match (forwarded, x_forwarded) {
        (None, None) => peer,
        (Some(address), None) | (None, Some(address)) => address,
        // A proxy that writes one of them passes on whatever the client wrote into the other.
        (Some(one), Some(other)) => {
            if one == other {
                one
            } else {
                UNKNOWN
            }
        }
    }
}

/// Several lines of a header are one list (RFC 9110, section 5.3).
fn line(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let lines: Vec<&str> = headers.get_all(name).map(|line| line.to_str().unwrap_or("?")).collect();
    (!lines.is_empty()).then(|| lines.join(","))
}

fn last_stranger(hops: Vec<&str>, trusted: &Networks, address_in: fn(&str) -> Option<IpAddr>) -> IpAddr {
    let mut last = UNKNOWN;
    for hop in hops.into_iter().rev() {
        match address_in(hop) {
            Some(address) if trusted.contains(address) => last = address,
            Some(address) => return address,
            None => return UNKNOWN,
        }
    }
    last
}

/// The `for` parameter of an element (RFC 7239, section 4).
fn in_forwarded(element: &str) -> Option<IpAddr> {
    node_address(parameter(element, "for")?)
}

/// A parameter of an element, without its quotes.
fn parameter<'a>(element: &'a str, wanted: &str) -> Option<&'a str> {
    let value = split_outside_quotes(element, ';').into_iter().find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case(wanted).then_some(value.trim())
    })?;
    Some(value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value))
}

/// `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:80`.
fn node_address(node: &str) -> Option<IpAddr> {
    let node = node.trim();
    let address = match node.parse::<SocketAddr>() {
        Ok(socket) => socket.ip(),
        Err(_) => node.strip_prefix('[').and_then(|node| node.strip_suffix(']')).unwrap_or(node).parse().ok()?,
    };
    Some(address.to_canonical())
}

fn split_outside_quotes(text: &str, separator: char) -> Vec<&str> {
    let mut quoted = false;
    text.split(|c| {
        quoted ^= c == '"';
        c == separator && !quoted
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn seen(peer: &str, lines: &[(HeaderName, &'static str)]) -> String {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(name.clone(), HeaderValue::from_static(value));
        }
        let trusted = "10.0.0.0/8, ::1".parse().unwrap();
        beyond_proxies(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn a_stranger_is_not_believed() {
        assert_eq!(seen("192.0.2.1", &[(X_FORWARDED_FOR, "127.0.0.1")]), "192.0.2.1");
        assert_eq!(seen("192.0.2.1", &[(FORWARDED, "for=127.0.0.1")]), "192.0.2.1");
    }

    #[test]
    fn a_trusted_proxy_names_the_client() {
        assert_eq!(seen("10.0.0.1", &[(X_FORWARDED_FOR, "192.0.2.7")]), "192.0.2.7");
        assert_eq!(seen("::1", &[(X_FORWARDED_FOR, "[2001:db8::1]:4711")]), "2001:db8::1");
        assert_eq!(seen("10.0.0.1", &[(FORWARDED, "for=192.0.2.7;proto=https")]), "192.0.2.7");
        assert_eq!(seen("10.0.0.1", &[(FORWARDED, "Proto=https; For=\"[2001:db8::1]:80\"")]), "2001:db8::1");
        assert_eq!(seen("10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn what_the_client_claims_to_its_left_does_not_count() {
        assert_eq!(seen("10.0.0.1", &[(X_FORWARDED_FOR, "127.0.0.1, 192.0.2.7, 10.0.0.2")]), "192.0.2.7");
        let two_lines = [(X_FORWARDED_FOR, "127.0.0.1"), (X_FORWARDED_FOR, "192.0.2.7")];
        assert_eq!(seen("10.0.0.1", &two_lines), "192.0.2.7");
        assert_eq!(seen("10.0.0.1", &[(FORWARDED, "for=127.0.0.1, for=192.0.2.7")]), "192.0.2.7");
    }

    #[test]
    fn a_quote_hides_nothing_that_the_proxy_added() {
        for claim in ["\", 192.0.2.7", "\"127.0.0.1, 192.0.2.7", "x\"y, \"z\", 192.0.2.7"] {
            assert_eq!(seen("10.0.0.1", &[(X_FORWARDED_FOR, claim)]), "192.0.2.7", "{claim}");
        }
        let lines = [(X_FORWARDED_FOR, "\""), (X_FORWARDED_FOR, "192.0.2.7")];
        assert_eq!(seen("10.0.0.1", &lines), "192.0.2.7");
    }

    #[test]
    fn a_chain_of_proxies_alone_ends_at_its_first() {
        assert_eq!(seen("10.0.0.1", &[(X_FORWARDED_FOR, "10.0.0.3, 10.0.0.2")]), "10.0.0.3");
    }

    #[test]
    fn what_makes_no_sense_is_unknown() {
        assert_eq!(seen("10.0.0.1", &[(X_FORWARDED_FOR, "127.0.0.1, unknown")]), "0.0.0.0");
        assert_eq!(seen("10.0.0.1", &[(FORWARDED, "for=_hidden")]), "0.0.0.0");
        assert_eq!(seen("10.0.0.1", &[(FORWARDED, "by=10.0.0.1")]), "0.0.0.0");
        let contradiction = [(FORWARDED, "for=127.0.0.1"), (X_FORWARDED_FOR, "192.0.2.7")];
        assert_eq!(seen("10.0.0.1", &contradiction), "0.0.0.0");
    }
}
