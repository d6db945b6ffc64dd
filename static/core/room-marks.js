/**
 * What stands before a room's name.
 * @type {Record<Wire.RoomKind, string>}
 */
export const MARKS = { public: '#', private: '◆', direct: '@' };
