//! What of a body depends on its reader, as `enliven` of `static/message/body.js` has it.

use std::borrow::Cow;

use crate::wire::UserId;

const ROOM: &str = "<span data-room=\"";
/// Nobody can write these: a text's `<` is escaped.
const MEANT: [&str; 2] = ["<a class=\"at\" data-user=\"", "<span class=\"at\" data-user=\""];
const MANY: &str = "<span class=\"at\" data-users=\"";
/// What looks right only with `css/rich.css`.
const RICH: [&str; 4] = ["<pre", "class=\"spoiler\"", "class=\"table\"", "class=\"task\""];

/// Whether a body mentions somebody, as one or as one of many.
pub fn speaks_to(html: &str, user: UserId) -> bool {
    let one = MEANT.iter().any(|before| html.contains(&format!("{before}{user}\"")));
    one || html.split(MANY).skip(1).any(|rest| rest.split('"').next().is_some_and(|users| means(users, user)))
}

/// Whether somebody is one of these: `*`, or ids and ranges of ids.
fn means(users: &str, user: UserId) -> bool {
    users.split(' ').any(|part| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let id = |text: &str| text.parse().ok();
        part == "*" || matches!((id(first), id(last)), (Some(first), Some(last)) if (first..=last).contains(&user))
    })
}

/// A body with links to the rooms that its reader is in, and with what means them marked, if they are given.
pub fn for_reader<'a>(html: &'a str, user: Option<UserId>, is_in: &dyn Fn(&str) -> bool) -> Cow<'a, str> {
    let mut html = Cow::Borrowed(html);
    for before in user.iter().flat_map(|_| MEANT) {
        let means = format!("{before}{}\"", user.unwrap_or_default());
        if html.contains(&means) {
            html = html.replace(&means, &means.replace("class=\"at\"", "class=\"at mine\"")).into();
        }
    }
    if html.contains(ROOM) { linked(&html, is_in).into() } else { html }
}

fn linked(html: &str, is_in: &dyn Fn(&str) -> bool) -> String {
    let mut parts = html.split(ROOM);
    let mut linked = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once("\">").and_then(|(slug, rest)| Some((slug, rest.split_once("</span>")?))) {
            Some((slug, (shown, rest))) if is_in(slug) => {
                linked.extend(["<a class=\"at\" href=\"/rooms/", slug, "\">", shown, "</a>", rest]);
            }
            _ => linked.extend([ROOM, part]),
        }
    }
    linked
}

pub fn is_rich(html: &str) -> bool {
    RICH.iter().any(|sign| html.contains(sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whom_a_body_means_is_found_by_their_ids() {
        for (html, is) in [
            ("<p><a class=\"at\" data-user=\"7\" href=\"/people/ann\">@ann</a></p>", true),
            ("<p><span class=\"at\" data-user=\"7\">@ann</span></p>", true),
            ("<p><a class=\"at\" data-user=\"77\" href=\"/people/bob\">@bob</a></p>", false),
            ("<p>&lt;a class=\"at\" data-user=\"7\"</p>", false),
            ("<p><span class=\"at\" data-users=\"*\">@all</span></p>", true),
            ("<p><span class=\"at\" data-users=\"1-3 5-9\">@here</span></p>", true),
            ("<p><span class=\"at\" data-users=\"1-3 7\">@here</span></p>", true),
            ("<p><span class=\"at\" data-users=\"1-6 8\">@here</span></p>", false),
            ("<p><span class=\"at\" data-users=\"\">@here</span></p>", false),
        ] {
            assert_eq!(speaks_to(html, 7), is, "{html}");
        }
    }

    #[test]
    fn a_room_that_the_reader_is_in_is_a_link_and_no_other() {
        let html = "<p><span data-room=\"den\">#den</span>, <span data-room=\"attic\">#attic</span>.</p>";
        let linked = "<p><a class=\"at\" href=\"/rooms/den\">#den</a>, <span data-room=\"attic\">#attic</span>.</p>";
        assert_eq!(for_reader(html, None, &|slug| slug == "den"), linked);
        assert_eq!(for_reader("<p>none</p>", Some(7), &|_| true), "<p>none</p>");
    }

    #[test]
    fn what_means_the_reader_is_marked() {
        let html = "<a class=\"at\" data-user=\"7\">@ann</a> <a class=\"at\" data-user=\"8\">@bob</a>";
        let marked = "<a class=\"at mine\" data-user=\"7\">@ann</a> <a class=\"at\" data-user=\"8\">@bob</a>";
        assert_eq!(for_reader(html, Some(7), &|_| false), marked);
        assert_eq!(for_reader(html, None, &|_| false), html);
    }
}
