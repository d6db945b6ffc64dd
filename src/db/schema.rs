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
        role -> Text,
        about -> Text,
        time_zone -> Text,
        banned_at -> Nullable<Timestamp>,
        banned_until -> Nullable<Timestamp>,
        deleted_at -> Nullable<Timestamp>,
        extras -> Nullable<Text>,
        extras_seq -> Nullable<BigInt>,
        words_of -> Text,
    }
}

diesel::table! {
    user_words (user_id, words) {
        user_id -> BigInt,
        words -> Text,
    }
}

diesel::table! {
    user_looks (user_id, look) {
        user_id -> BigInt,
        look -> Text,
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
        archived_at -> Nullable<Timestamp>,
        pair -> Nullable<Text>,
        is_default -> Bool,
        slow_secs -> Integer,
        blocked_words -> Text,
        blocks_links -> Bool,
        lowered_seq -> BigInt,
        made_by -> Nullable<BigInt>,
        words_of -> Text,
    }
}

diesel::table! {
    room_words (room_id, words) {
        room_id -> BigInt,
        words -> Text,
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
        sent_at -> Nullable<Timestamp>,
        starred -> Bool,
        set_back -> Bool,
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
        removed -> Bool,
    }
}

diesel::table! {
    message_counts (room_id, message_id) {
        room_id -> BigInt,
        message_id -> BigInt,
        count -> BigInt,
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

diesel::table! {
    sanctions (room_id, user_id, kind) {
        room_id -> BigInt,
        user_id -> BigInt,
        kind -> Text,
        until -> Nullable<Timestamp>,
    }
}

diesel::table! {
    reports (id) {
        id -> BigInt,
        room_id -> BigInt,
        message_id -> BigInt,
        author_id -> BigInt,
        body -> Text,
        reporter_id -> BigInt,
        reason -> Text,
        made_at -> Timestamp,
        settled_at -> Nullable<Timestamp>,
        settled_by -> Nullable<BigInt>,
    }
}

diesel::table! {
    audit (id) {
        id -> BigInt,
        at -> Timestamp,
        actor_id -> Nullable<BigInt>,
        actor -> Text,
        act -> Text,
        room_id -> Nullable<BigInt>,
        room -> Nullable<Text>,
        user_id -> Nullable<BigInt>,
        username -> Nullable<Text>,
        message_id -> Nullable<BigInt>,
        reason -> Text,
        detail -> Text,
        private -> Bool,
    }
}

diesel::table! {
    invitations (id) {
        id -> BigInt,
        token_hash -> Text,
        made_by -> Nullable<BigInt>,
        role -> Text,
        room_id -> Nullable<BigInt>,
        made_at -> Timestamp,
        expires_at -> Timestamp,
        uses_left -> Nullable<BigInt>,
        uses -> BigInt,
        revoked_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    blocks (user_id, blocked_id) {
        user_id -> BigInt,
        blocked_id -> BigInt,
    }
}

diesel::table! {
    last_sent (room_id, user_id) {
        room_id -> BigInt,
        user_id -> BigInt,
        sent_at -> Timestamp,
    }
}

diesel::table! {
    kept_sanctions (id) {
        id -> BigInt,
        room_id -> BigInt,
        kind -> Text,
        until -> Nullable<Timestamp>,
        mark -> Text,
        ends_at -> Timestamp,
    }
}

diesel::table! {
    daily_counts (user_id, kind) {
        user_id -> BigInt,
        kind -> Text,
        day -> Date,
        count -> BigInt,
    }
}

diesel::table! {
    jobs (id) {
        id -> BigInt,
        kind -> Text,
        name -> Nullable<Text>,
        payload -> Text,
        run_at -> Timestamp,
        attempts -> Integer,
        lease -> Nullable<Text>,
        leased_until -> Nullable<Timestamp>,
        failed_at -> Nullable<Timestamp>,
        error -> Text,
    }
}

diesel::table! {
    /// Rooms that are no more, and of which messages may be left.
    deleted_rooms (room_id) {
        room_id -> BigInt,
    }
}

diesel::joinable!(sessions -> users (user_id));
diesel::joinable!(known_networks -> users (user_id));
diesel::joinable!(members -> rooms (room_id));
diesel::joinable!(members -> users (user_id));
diesel::joinable!(messages -> users (author_id));
diesel::joinable!(messages -> rooms (room_id));
diesel::joinable!(mentions -> users (user_id));
diesel::joinable!(reactions -> users (user_id));
diesel::joinable!(sanctions -> users (user_id));
diesel::joinable!(reports -> rooms (room_id));
diesel::joinable!(invitations -> rooms (room_id));

diesel::allow_tables_to_appear_in_same_query!(
    audit,
    blocks,
    invitations,
    last_sent,
    known_networks,
    members,
    mentions,
    messages,
    meta,
    reactions,
    reports,
    room_words,
    rooms,
    sanctions,
    sessions,
    user_looks,
    user_words,
    users,
);
