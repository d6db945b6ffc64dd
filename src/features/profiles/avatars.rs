//! Pictures of people, made of their names.

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, ETAG, EntityTag, IfNoneMatch};
use actix_web::web::{Data, Header, Path};
use sha2::{Digest, Sha256};

use crate::app::initials::initials;
use crate::app::{Account, App, Failure};
use crate::features::profiles::queries;
use crate::wire::User;

/// White letters stand out from each of them by 4.5:1 at least.
const COLOURS: [&str; 12] = [
    "#b3364b", "#0b7285", "#2b7a3d", "#3b5bdb", "#a14a09", "#9c36b5", "#5f6b12", "#0a7562", "#1864ab", "#8a5a00",
    "#c2255c", "#6741d9",
];

/// `GET /avatars/{username}.svg`
pub async fn show(
    app: Data<App>,
    account: Account,
    username: Path<String>,
    known: Header<IfNoneMatch>,
) -> Result<HttpResponse, Failure> {
    let profile = app.store.read(move |c| queries::find(c, &username, account.user.id)).await?;
    let svg = drawn(&profile.user);
    let tag = EntityTag::new_strong(hex::encode(&Sha256::digest(&svg)[..16]));
    let is_known = match &*known {
        IfNoneMatch::Any => true,
        IfNoneMatch::Items(tags) => tags.iter().any(|known| known.weak_eq(&tag)),
    };
    let mut response = if is_known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response.insert_header((CACHE_CONTROL, "private, max-age=3600")).insert_header((ETAG, tag.to_string()));
    Ok(if is_known { response.finish() } else { response.content_type("image/svg+xml").body(svg) })
}

/// The initials on a colour that the id gives.
fn drawn(user: &User) -> String {
    let colour = COLOURS[user.id.rem_euclid(COLOURS.len() as i64) as usize];
    let letters = escaped(&initials(user.display_name.trim()));
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 96 96\" width=\"96\" height=\"96\">\
         <rect width=\"96\" height=\"96\" rx=\"28\" fill=\"{colour}\"/>\
         <text x=\"48\" y=\"48\" dy=\".36em\" text-anchor=\"middle\" fill=\"#fff\" font-size=\"36\" font-weight=\"600\" \
         font-family=\"system-ui, -apple-system, Segoe UI, Roboto, Noto Sans, sans-serif\">{letters}</text></svg>"
    )
}

/// A text as XML takes it. What XML can't have at all is left out.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\u{fffe}' | '\u{ffff}' => {}
            c if c.is_control() => {}
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Extras;

    fn user(id: i64, name: &str) -> User {
        User { id, username: "x".to_owned(), display_name: name.to_owned(), extras: Extras::default() }
    }

    #[test]
    fn a_hostile_name_makes_no_markup() {
        for name in ["<script>alert(1)</script> &x", "\" onload=\" 'y", "\u{ffff}\u{0}a"] {
            let svg = drawn(&user(1, name));
            assert_eq!(svg.matches('<').count(), 5, "{svg}");
            assert!(!svg.contains("onload") && !svg.contains('\u{0}') && !svg.contains('\u{ffff}'), "{svg}");
        }
        assert!(drawn(&user(1, "<x &y")).contains(">&lt;&amp;</text>"));
    }

    #[test]
    fn white_letters_can_be_read_on_every_colour() {
        let light = |hex: &str| {
            let value = f64::from(u8::from_str_radix(hex, 16).unwrap()) / 255.0;
            if value <= 0.03928 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        for colour in COLOURS {
            let [r, g, b] = [&colour[1..3], &colour[3..5], &colour[5..7]].map(light);
            let contrast = 1.05 / (0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05);
            assert!(contrast >= 4.5, "{colour}: {contrast}");
        }
    }
}
