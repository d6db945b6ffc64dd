// Made from the Rust types by src/typescript.rs: do not edit. Scripts name them `Wire.Message` and so on.

/**
 * A person as others see them.
 */
export type User = { id: number, username: string, display_name: string, };

/**
 * Who may see a room and how it is entered.
 */
export type RoomKind = "public" | "private" | "direct";

/**
 * What of a room a member wants to be told of.
 */
export type Notify = "all" | "mentions" | "none";

/**
 * What a member may do in a room beside talking.
 */
export type Role = "moderator" | "member";

/**
 * What somebody may do in the whole chat; each may do what those before may.
 */
export type InstanceRole = "guest" | "member" | "admin" | "owner";

/**
 * A member of a room.
 */
export type Member = { user: User, role: Role, };

/**
 * A room, with the number of its latest change.
 */
export type Room = { id: number, slug: string, title: string, topic: string, kind: RoomKind, seq: number,
/**
 * Present, and true, where the room can only be read.
 */
archived?: boolean,
/**
 * Seconds that somebody must wait from one message to their next; left out where they need not.
 */
slow_secs?: number, };

/**
 * How a member stands to a room.
 */
export type Standing = {
/**
 * Messages ever sent in the room.
 */
count: number,
/**
 * The member's read mark.
 */
read: number,
/**
 * Exact below 1,000, which stands for that many or more.
 */
unread: number,
/**
 * Exact below 1,000, which stands for that many or more.
 */
mentions: number, notify: Notify,
/**
 * At the top of their list.
 */
starred: boolean, };

/**
 * A room in `welcome`.
 */
export type MemberRoom = { id: number, slug: string, title: string, topic: string, kind: RoomKind, seq: number,
/**
 * Present, and true, where the room can only be read.
 */
archived?: boolean,
/**
 * Seconds that somebody must wait from one message to their next; left out where they need not.
 */
slow_secs?: number,
/**
 * Messages ever sent in the room.
 */
count: number,
/**
 * The member's read mark.
 */
read: number,
/**
 * Exact below 1,000, which stands for that many or more.
 */
unread: number,
/**
 * Exact below 1,000, which stands for that many or more.
 */
mentions: number, notify: Notify,
/**
 * At the top of their list.
 */
starred: boolean, };

/**
 * All of one emoji on a message.
 */
export type Reaction = { emoji: string, count: number,
/**
 * Usernames, the first [`MAX_REACTION_USERS`].
 */
users: Array<string>, };

/**
 * A message in its latest state.
 */
export type Message = {
/**
 * The number it was sent with; never changes.
 */
id: number,
/**
 * The number of its latest change.
 */
seq: number,
/**
 * The UUID its author's client made for it.
 */
key: string, author: User,
/**
 * As the author wrote it (Markdown); empty once deleted.
 */
body: string,
/**
 * The body rendered and sanitised; empty once deleted.
 */
html: string, sent_at: string, edited_at?: string,
/**
 * Present, and true, when the message was deleted.
 */
deleted?: boolean,
/**
 * Present, and true, when it was a moderator who deleted it.
 */
removed?: boolean,
/**
 * The id of the message this one answers.
 */
reply_to?: number,
/**
 * In the order in which their emoji was first used on the message.
 */
reactions?: Array<Reaction>, };

/**
 * Those present in a room: all of them up to [`MAX_PEOPLE`], else none by name.
 */
export type People = { count: number, users: Array<User>, };

/**
 * What has changed about somebody: of each extra that they have or had what it is now, or null.
 */
export type PersonState = { id: number, username: string, };

/**
 * Somebody, as others may know them.
 */
export type Profile = {
/**
 * A few lines about oneself; it may be empty.
 */
about: string,
/**
 * A name of the IANA database, such as `Europe/Berlin`, or empty.
 */
time_zone: string,
/**
 * Where their picture is.
 */
avatar: string,
/**
 * In the whole chat.
 */
role: InstanceRole,
/**
 * For moderators: others who can be taken for them by a name, at most ten.
 */
looks_like: Array<User>, id: number, username: string, display_name: string, };

/**
 * What somebody may do in a room: what its page offers them. It is decided again when it is done.
 */
export type Powers = {
/**
 * Set their level of notification.
 */
mark: boolean, leave: boolean, admit: boolean, describe: boolean, set_rules: boolean, set_default: boolean,
/**
 * Remove, mute and ban people, and make moderators.
 */
moderate: boolean, remove_messages: boolean, invite: boolean, archive: boolean, delete: boolean, oversee: boolean, };

/**
 * The stable code of a refusal, for programs.
 */
export type Code = "bad_frame" | "unknown_type" | "invalid" | "not_found" | "not_joined" | "forbidden" | "rate_limited" | "unavailable" | "taken" | "bad_credentials" | "unauthorized";

/**
 * Why a call was not served.
 */
export type ErrorBody = { error: { code: Code,
/**
 * For people, in their language.
 */
message: string,
/**
 * When trying again can help, in milliseconds.
 */
retry_after_ms?: number,
/**
 * Why, where the code alone does not say what to do about it: `common` is a password that many people use
 */
reason?: string, }, };

/**
 * A room in a list; of one that the user is no member of the numbers are 0.
 */
export type ListedRoom = { member: boolean,
/**
 * The others of a direct talk, with their states.
 */
people?: Array<User>, id: number, slug: string, title: string, topic: string, kind: RoomKind, seq: number,
/**
 * Present, and true, where the room can only be read.
 */
archived?: boolean,
/**
 * Seconds that somebody must wait from one message to their next; left out where they need not.
 */
slow_secs?: number,
/**
 * Messages ever sent in the room.
 */
count: number,
/**
 * The member's read mark.
 */
read: number,
/**
 * Exact below 1,000, which stands for that many or more.
 */
unread: number,
/**
 * Exact below 1,000, which stands for that many or more.
 */
mentions: number, notify: Notify,
/**
 * At the top of their list.
 */
starred: boolean, };

export type Rooms = { rooms: Array<ListedRoom>,
/**
 * Where the list goes on; `null` at its end.
 */
cursor: string | null, };

export type Members = { members: Array<Member>,
/**
 * Where the list goes on; `null` at its end.
 */
cursor: string | null, };

export type Users = {
/**
 * First those of whom the username begins so, then by username.
 */
users: Array<User>,
/**
 * Where the list goes on; `null` at its end.
 */
cursor: string | null, };

export type Preview = {
/**
 * Sanitised.
 */
html: string, };

/**
 * What a client may count on: characters of a body and bytes of a frame.
 */
export type Limits = { body: number, frame: number, };

export type LeftReason = "asked" | "removed" | "deleted";

/**
 * The `ref` of the frame that is answered.
 */
export type Ref = { ref?: string, };

/**
 * A frame to a client. Optional fields are left out when they do not apply.
 */
export type ServerFrame = { "type": "welcome",
/**
 * That of `docs/protocol.md` which the server keeps to: [`PROTOCOL`].
 */
protocol: number, user: User, instance: string, build: string, heartbeat_secs: number, limits: Limits, rooms: Array<MemberRoom>,
/**
 * The ids of those whom the user has blocked.
 */
blocks: Array<number>, } | { "type": "blocks",
/**
 * The ids of those whom the user has blocked now.
 */
blocks: Array<number>, } | { "type": "joined", room: string, id: number, title: string, topic: string, epoch: string, seq: number, messages: Array<Message>, more: boolean, reset: boolean, people: People, read: number, ref?: string, } | { "type": "changes", room: string, messages: Array<Message>, more: boolean, } | { "type": "left", room: string, reason: LeftReason, ref?: string, } | { "type": "sent", room: string, key: string, id: number, seq: number, ref?: string, } | { "type": "done", room: string, id: number, seq: number, ref?: string, } | { "type": "message", room: string, message: Message, } | { "type": "history", room: string, messages: Array<Message>, more: boolean,
/**
 * Where the page need not end with what was asked for or with the latest message.
 */
newer?: boolean, ref?: string, } | { "type": "presence", room: string, count: number, joined: Array<User>, left: Array<User>, } | { "type": "typing", room: string, user: User, } | { "type": "state", users: Array<PersonState>, } | { "type": "read", room: string, seq: number, unread: number, mentions: number, count: number,
/**
 * The room's number when these numbers were true, where they fell by something else than reading: a `mention`
 * up to it is in them.
 */
at?: number,
/**
 * Set back by its owner; else a mark only rises.
 */
back?: boolean, } | { "type": "activity", room: string, seq: number, count: number, } | { "type": "mention", room: string, message: Message, } | { "type": "room", room: string, member: boolean, } | { "type": "error", code: Code, message: string, key?: string, room?: string, retry_after_ms?: number, ref?: string, } | { "type": "bye", reason: string, reconnect_after_ms: number, };

export type Join = { room: string, room_id?: number, after?: number, epoch?: string, };

export type InRoom = { room: string, };

export type Send = { room: string, room_id?: number, key: string, body: string, reply_to?: number, };

export type Edit = { room: string, room_id?: number, id: number, body: string, };

export type OfMessage = { room: string, room_id?: number, id: number, };

export type React = { room: string, room_id?: number, id: number, emoji: string, on: boolean, };

export type History = { room: string, before?: number, after?: number, around?: number, since?: string, limit?: number, };

export type Read = { room: string, room_id?: number, seq: number, };

/**
 * Whether the page is not in use.
 */
export type Idle = { on: boolean, };

/**
 * A frame from a client, its shape checked and nothing else.
 */
export type Command = { "type": "join" } & Join | { "type": "leave" } & InRoom | { "type": "send" } & Send | { "type": "edit" } & Edit | { "type": "delete" } & OfMessage | { "type": "react" } & React | { "type": "history" } & History | { "type": "read" } & Read | { "type": "typing" } & InRoom | { "type": "idle" } & Idle;

/** A frame to the server, with the `ref` that its answer carries. */
export type ClientFrame = Command & { ref?: string };

/** The server's frame of one type. */
export type FrameOf<T extends ServerFrame['type']> = Extract<ServerFrame, { type: T }>;

export as namespace Wire;
