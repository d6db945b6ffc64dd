//! The tables, as Diesel sees them: the same on SQLite and on Postgres.
//!
//! What the columns mean stands in `migrations/`.

diesel::table! {
    meta (name) {
        name -> Text,
        value -> Text,
    }
}

diesel::table! {
    assets (build, path) {
        build -> Text,
        path -> Text,
        content -> Binary,
        seen_at -> Timestamp,
    }
}

diesel::table! {
    users (id) {
        id -> BigInt,
        username -> Text,
        username_key -> Text,
        display_name -> Text,
        password_hash -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    sessions (token_hash) {
        token_hash -> Text,
        user_id -> BigInt,
        created_at -> Timestamp,
        seen_at -> Timestamp,
        expires_at -> Timestamp,
        agent -> Text,
        address -> Text,
    }
}

diesel::table! {
    known_networks (user_id, network) {
        user_id -> BigInt,
        network -> Text,
        seen_at -> Timestamp,
    }
}

diesel::table! {
    rooms (id) {
        id -> BigInt,
        slug -> Text,
        title -> Text,
        topic -> Text,
        kind -> Text,
        last_seq -> BigInt,
        message_count -> BigInt,
        access -> BigInt,
        created_at -> Timestamp,
    }
}

diesel::table! {
    members (room_id, user_id) {
        room_id -> BigInt,
        user_id -> BigInt,
        role -> Text,
        last_read_seq -> BigInt,
        notify -> Text,
        joined_at -> Timestamp,
    }
}

diesel::table! {
    messages (room_id, id) {
        room_id -> BigInt,
        id -> BigInt,
        seq -> BigInt,
        key -> Text,
        key_written -> Text,
        author_id -> BigInt,
        body -> Text,
        html -> Text,
        renderer -> Integer,
        reply_to -> Nullable<BigInt>,
        sent_at -> Timestamp,
        edited_at -> Nullable<Timestamp>,
        deleted_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    mentions (user_id, room_id, message_id) {
        user_id -> BigInt,
        room_id -> BigInt,
        message_id -> BigInt,
    }
}

diesel::table! {
    reactions (room_id, message_id, emoji, user_id) {
        room_id -> BigInt,
        message_id -> BigInt,
        emoji -> Text,
        user_id -> BigInt,
        position -> BigInt,
    }
}

diesel::joinable!(sessions -> users (user_id));
diesel::joinable!(known_networks -> users (user_id));
diesel::joinable!(members -> rooms (room_id));
diesel::joinable!(members -> users (user_id));
diesel::joinable!(messages -> users (author_id));
diesel::joinable!(reactions -> users (user_id));

diesel::allow_tables_to_appear_in_same_query!(
    known_networks,
    members,
    mentions,
    messages,
    meta,
    reactions,
    rooms,
    sessions,
    users,
);
