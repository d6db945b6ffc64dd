//! Two builds side by side, as while a deployment rolls: no page is made of both, and what only the newer one knows is
//! passed over by the older.

use crate::common::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const MARK: &str = "/* newer */";

fn newer(options: Options) -> Options {
    options.environment("KLATCH_TEST_BUILD", "newer")
}

/// The addresses of the files a page names, and of a module that only the others import.
async fn files_of_page(server: &Server) -> Vec<String> {
    let page = server.stranger().get("page:/login").await;
    assert_eq!(page.status, 200);
    let start = page.text.find("/static/").expect("files");
    let prefix = &page.text[start..start + "/static/12345678".len()];
    ["css/base.css", "css/room.css", "pages/room.js", "net/socket.js", "core/dom.js", "favicon.svg"]
        .map(|file| format!("{prefix}/{file}"))
        .into()
}

/// Fetches the files; gives their texts.
async fn fetched(from: &Server, files: &[String]) -> Vec<String> {
    let mut texts = vec![];
    for file in files {
        let answer = from.stranger().get(&format!("page:{file}")).await;
        assert_eq!(answer.status, 200, "{file}");
        assert_eq!(answer.header("cache-control"), "public, max-age=31536000, immutable", "{file}");
        assert!(!answer.header("content-type").starts_with("application/octet-stream"), "{file}");
        texts.push(answer.text);
    }
    texts
}

#[tokio::test]
async fn whichever_instance_is_asked_for_a_file_it_is_that_of_the_pages_build() {
    let mut chat = Chat::of(1).await;
    let instance = newer(chat.options()).start().await;
    chat.instances.push(instance);
    let [older, newer] = &chat.instances[..] else { panic!("two instances") };
    let (old_files, new_files) = (files_of_page(older).await, files_of_page(newer).await);
    assert_ne!(old_files, new_files);
    let (old, new) = (fetched(older, &old_files).await, fetched(newer, &new_files).await);
    for (old, new) in old.iter().zip(&new).take(5) {
        assert!(!old.contains(MARK) && new.contains(MARK));
    }
    assert_eq!(fetched(newer, &old_files).await, old);
    assert_eq!(fetched(older, &new_files).await, new);
    // The page is open for longer than the instance that made it is there.
    let again = chat.options().start().await;
    chat.instances[1].kill().await;
    assert_eq!(fetched(&again, &new_files).await, new);
}

async fn a_page_loaded_before_an_upgrade_finds_its_files_after_it(mut older: Server) {
    let files = files_of_page(&older).await;
    let texts = fetched(&older, &files).await;
    older.kill().await;
    let database = match older.test_database() {
        Some(database) => database.url.clone(),
        None => format!("sqlite://{}", older.data_dir().join("klatch.db").display()),
    };
    let upgraded = newer(Options::sqlite()).option("--database-url", database).start().await;
    assert_ne!(files_of_page(&upgraded).await, files);
    assert_eq!(fetched(&upgraded, &files).await, texts);
}

#[tokio::test]
async fn of_a_build_nobody_knows_the_present_file_is_served_and_not_kept() {
    let server = Server::start(Options::sqlite()).await;
    for build in ["00000000", "x", "%00", "..%2f"] {
        let answer = server.stranger().get(&format!("page:/static/{build}/pages/room.js")).await;
        assert_eq!((answer.status, answer.header("cache-control")), (200, "no-cache"), "{build}");
        let answer = server.stranger().get(&format!("page:/static/{build}/pages/nothing.js")).await;
        assert_eq!(answer.status, 404, "{build}");
    }
}

/// What a newer program's migrations add.
async fn a_database_with_more_tables_and_columns_is_served(mut server: Server) {
    let ann = server.person("ann").await;
    ann.makes_room("den").await;
    server.kill().await;
    server.execute("CREATE TABLE confetti (id BIGINT PRIMARY KEY)");
    server.execute("ALTER TABLE messages ADD COLUMN colour TEXT");
    server.execute("ALTER TABLE rooms ADD COLUMN colour TEXT NOT NULL DEFAULT 'red'");
    server.execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('20990101000000')");
    server.restart().await;
    let mut socket = ann.socket_in("den").await;
    socket.say("den", "hello").await;
    assert_eq!(ann.reads_whole_room("den").await.len(), 1);
}

on_both_databases![
    a_page_loaded_before_an_upgrade_finds_its_files_after_it,
    a_database_with_more_tables_and_columns_is_served,
];

/// Publishes as an instance would; gives how many have heard it.
pub async fn publish(chat: &Chat, channel: &str, payload: &[u8]) -> usize {
    let mut stream = TcpStream::connect(chat.redis.address()).await.expect("Redis");
    let mut command =
        format!("*3\r\n$7\r\nPUBLISH\r\n${}\r\n{channel}\r\n${}\r\n", channel.len(), payload.len()).into_bytes();
    command.extend(payload);
    command.extend(b"\r\n");
    stream.write_all(&command).await.expect("an open connection");
    let mut answer = [0; 16];
    let length = stream.read(&mut answer).await.expect("an answer");
    let answer = String::from_utf8_lossy(&answer[..length]).into_owned();
    answer.trim().strip_prefix(':').and_then(|count| count.parse().ok()).unwrap_or_else(|| panic!("{answer}"))
}

#[tokio::test]
async fn what_instances_say_and_others_do_not_understand_is_passed_over() {
    let chat = Chat::of(2).await;
    let [ann, bob] = chat.instances[0].people(["ann", "bob"]).await;
    let room = ann.makes_room("den").await["id"].clone();
    let mut writer = ann.socket_in("den").await;
    let mut reader = bob.at(&chat.instances[1]).socket().await;
    let joined = reader.join("den").await;
    let epoch = joined["epoch"].as_str().and_then(|epoch| epoch.split('.').next()).expect("an epoch");
    let channels = [format!("klatch:{epoch}:control"), format!("klatch:{epoch}:room:{room}")];
    let letters = [
        &b""[..],
        b"\xff\xfe",
        b"null",
        b"[]",
        b"{}",
        br#"{"from":"newer"}"#,
        br#"{"from":"newer","content":"confetti"}"#,
        br#"{"from":"newer","content":{"confetti":{"room":1}}}"#,
        br#"{"from":"newer","content":{"changes":{"changes":[{"colour":"red"}]}}}"#,
        br#"{"from":"newer","content":{"sent":{"room":"one","slug":7}}}"#,
    ];
    for channel in &channels {
        eventually(PATIENCE, channel, async || (publish(&chat, channel, b"?").await == 2).then_some(())).await;
        for letter in letters {
            assert_eq!(publish(&chat, channel, letter).await, 2, "{channel} has other listeners");
        }
    }
    // A newer one's letter with more in it than is known here.
    let typing = json!({"from": "newer", "version": 2,
        "content": {"typing": {"user": {"id": ann.user["id"], "username": "ann", "display_name": "ann", "colour": 1}, "to": 1}}});
    publish(&chat, &channels[1], typing.to_string().as_bytes()).await;
    assert_eq!(reader.expect("typing").await["user"], ann.user);
    for n in 0..5 {
        writer.say("den", &n.to_string()).await;
    }
    let shown = reader.messages_up_to("den", "4").await;
    assert_eq!(numbers(&shown, "seq"), (1..=5).collect::<Vec<_>>());
}
