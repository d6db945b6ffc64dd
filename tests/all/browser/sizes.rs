//! What a page weighs.

use super::window::{Chromedriver, Window};
use crate::common::*;

const MOST_SCRIPT_AND_STYLE: u64 = 150_000;
const MOST_PAGE: u64 = 60_000;
/// Bytes of a first load as they come over the wire, with their headers.
const MOST_SENT: u64 = 90_000;
/// Bytes of what the page loaded, as they are before compression, by what it is.
const WEIGHTS: &str =
    "const bytes = (entries) => entries.reduce((sum, { decodedBodySize }) => sum + decodedBodySize, 0);
    const files = performance.getEntriesByType('resource').filter(({ name }) => /\\.(js|css)$/.test(name));
    return { files: files.length, parts: bytes(files), page: bytes(performance.getEntriesByType('navigation')) }";
/// How many things the page loaded, and the bytes of all of them over the wire.
const SENT: &str = "const all = ['navigation', 'resource'].flatMap((type) => performance.getEntriesByType(type));
    return [all.length, all.reduce((sum, { transferSize }) => sum + transferSize, 0)]";

async fn den(server: &Server) {
    let bob = server.person("bob").await;
    bob.makes_room("den").await;
    for number in 0..30 {
        bob.posts("den", &format!("Message {number} is as long as many are, with some **bold** words in it.")).await;
    }
}

#[tokio::test]
async fn a_room_opens_with_less_than_150_kb_of_script_and_style_and_60_kb_of_page() {
    let server = Server::start(Options::sqlite()).await;
    den(&server).await;
    let chromedriver = Chromedriver::start().await;
    let ann = Window::open(&chromedriver, server.url()).await;
    ann.signs_up("ann", "Ann").await;
    ann.opens_room("den").await;
    ann.element("#people li[data-user=ann]").await;
    let weights = ann.run(WEIGHTS).await;
    let [files, parts, page] = ["files", "parts", "page"].map(|part| weights[part].as_u64().unwrap());
    println!("{files} files of script and style, {parts} bytes; the page {page} bytes");
    assert!(files > 20 && parts > 50_000, "all were counted: {weights}");
    assert!(parts < MOST_SCRIPT_AND_STYLE, "{parts} bytes of script and style");
    assert!((5_000..MOST_PAGE).contains(&page), "{page} bytes of page");
    ann.close().await;
}

#[tokio::test]
async fn the_first_load_of_a_room_takes_less_than_90_kb_over_the_wire() {
    let server = Server::start(Options::sqlite()).await;
    den(&server).await;
    let chromedriver = Chromedriver::start().await;
    let ann = Window::open(&chromedriver, server.url()).await;
    ann.has_account("ann", "Ann").await;
    ann.opens_room("den").await;
    ann.element("#people li[data-user=ann]").await;
    let sent = ann.run(SENT).await;
    println!("{} files, {} bytes", sent[0], sent[1]);
    let [files, bytes] = [&sent[0], &sent[1]].map(|number| number.as_u64().unwrap());
    assert!(files > 40 && (20_000..MOST_SENT).contains(&bytes), "{files} files, {bytes} bytes");
    ann.close().await;
}
