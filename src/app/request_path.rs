//! The path of a request: it is routed only in its normal form, and what might be a secret in it is kept out of the log.
//!
//! The router decodes a path before it looks for a route, so that `/%77s` would find the route of `/ws`, past whoever
//! compared the two. A path that could have been written more simply finds nothing here instead (RFC 3986, section 6.2.2).

use std::borrow::Cow;

use actix_web::Error;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::middleware::Next;

use crate::app::Failure;

/// The length from which letters and digits without a gap may be a token. Slugs and usernames are shorter, or have hyphens.
const TOKEN_LENGTH: usize = 32;

/// The middleware that answers 404 where a path is not in its normal form.
pub async fn require_normal(
    req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if !is_normal(req.path()) {
        return Ok(req.error_response(Failure::of_status(StatusCode::NOT_FOUND)));
    }
    next.call(req).await.map(ServiceResponse::map_into_boxed_body)
}

/// Whether no percent encoding stands for a letter, a digit or one of `-._~`, and no segment is empty, `.` or `..`.
fn is_normal(path: &str) -> bool {
    let Some(rest) = path.strip_prefix('/') else { return false };
    rest.is_empty() || rest.split('/').all(|segment| !matches!(segment, "" | "." | "..") && is_encoded_at_need(segment))
}

fn is_encoded_at_need(segment: &str) -> bool {
    segment.split('%').skip(1).all(|encoded| {
        let byte = encoded.get(..2).and_then(|digits| hex::decode(digits).ok());
        byte.is_some_and(|byte| !(byte[0].is_ascii_alphanumeric() || b"-._~".contains(&byte[0])))
    })
}

/// The path as the log shows it. Of one that is not in its normal form nothing is shown: a token may be anywhere in it.
pub fn for_log(path: &str) -> String {
    if !is_normal(path) {
        return "…".to_owned();
    }
    let mut invites = false;
    let segments = path.split('/').map(|segment| {
        let shown = if invites { Cow::Borrowed("…") } else { without_tokens(segment) };
        invites |= segment.eq_ignore_ascii_case("invite");
        shown
    });
    segments.collect::<Vec<_>>().join("/")
}

fn without_tokens(segment: &str) -> Cow<'_, str> {
    let runs = segment.split_inclusive(|c: char| !c.is_ascii_alphanumeric());
    let is_token = |run: &str| run.trim_end_matches(|c: char| !c.is_ascii_alphanumeric()).len() >= TOKEN_LENGTH;
    if runs.clone().any(is_token) {
        runs.map(|run| if is_token(run) { "…" } else { run }).collect()
    } else {
        Cow::Borrowed(segment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_spelling_of_a_path_is_normal() {
        for path in ["/", "/ws", "/rooms/a-b_c.d~e", "/people/J%C3%B6rg", "/a%2Fb", "/%25", "/...", "/a%20b"] {
            assert!(is_normal(path), "{path}");
        }
        let mut others = vec![
            "",
            "*",
            "ws",
            "//",
            "//ws",
            "/ws/",
            "/a//b",
            "/./ws",
            "/../ws",
            "/ws/.",
            "/ws/..",
            "/%2e/ws",
            "/%2E%2e/ws",
            "/%",
            "/%7",
            "/%zz",
            "/a%",
        ];
        let encoded: Vec<String> = (0..=u8::MAX)
            .filter(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(byte))
            .flat_map(|byte| [format!("/x%{byte:02x}"), format!("/%{byte:02X}/y")])
            .collect();
        others.extend(encoded.iter().map(String::as_str));
        for path in others {
            assert!(!is_normal(path), "{path}");
        }
    }

    #[test]
    fn no_token_is_logged_however_it_is_asked_for() {
        let token = "4fe9".repeat(16);
        let paths = [
            format!("/invite/{token}"),
            format!("/invite/{}", &token[..8]),
            format!("/%69nvite/{token}"),
            format!("//invite/{token}"),
            format!("/./invite/{token}"),
            format!("/INVITE/{token}"),
            format!("/invite%2F{token}"),
            format!("/invites/{token}-x"),
            format!("/%2569nvite/{token}"),
            format!("/x/invite/{}", &token[..8]),
        ];
        for path in paths {
            assert!(!for_log(&path).contains("4fe9"), "{path}: {}", for_log(&path));
        }
        assert_eq!(
            for_log("/rooms/a-room-with-a-long-name-of-2024/messages/12"),
            "/rooms/a-room-with-a-long-name-of-2024/messages/12"
        );
    }
}
