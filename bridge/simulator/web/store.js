// What is now visible in each chat, as the events of the simulator tell it. No DOM here.

const ACTION_MS = 5000; // Telegram shows a chat action for five seconds

export const room = () => ({ messages: new Map(), drafts: new Map(), action: null, actionEnds: 0, unread: 0 });

const draftKey = (draft) => `${draft.message_thread_id ?? 0}/${draft.draft_id}`;

/** Replaces everything by what the simulator says is there; what did not change stays the same object. */
export function fill(room, messages, live, now) {
  const known = room.messages;
  const kept = (message) => {
    const old = known.get(message.message_id);
    return JSON.stringify(old) === JSON.stringify(message) ? old : message;
  };
  room.messages = new Map(messages.map((message) => [message.message_id, kept(message)]));
  room.drafts = new Map(live.drafts.map((draft) => [draftKey(draft), draft]));
  act(room, live.action, now);
}

/** Applies one event; says whether a new message came. */
export function apply(room, event, now) {
  switch (event.type) {
    case "message":
      return arrive(room, event.message);
    case "edit":
      room.messages.set(event.message.message_id, event.message);
      break;
    case "delete":
      room.messages.delete(event.message_id);
      break;
    case "draft":
      room.drafts.set(draftKey(event.draft), event.draft);
      room.action = null;
      break;
    case "draft_end":
      endDraft(room, event.draft_id);
      break;
    case "action":
      act(room, event.action, now);
      break;
    case "reaction":
      react(room, event);
      break;
  }
  return false;
}

function arrive(room, message) {
  const isNew = !room.messages.has(message.message_id);
  room.messages.set(message.message_id, message);
  if (message.from?.is_bot) {
    room.action = null;
    endDraftsOf(room, message.message_thread_id ?? 0);
  }
  return isNew;
}

function endDraft(room, id) {
  for (const [key, draft] of room.drafts) if (draft.draft_id === id) room.drafts.delete(key);
}

function endDraftsOf(room, thread) {
  for (const [key, draft] of room.drafts) {
    if ((draft.message_thread_id ?? 0) === thread) room.drafts.delete(key);
  }
}

function act(room, action, now) {
  room.action = action ?? null;
  room.actionEnds = now + ACTION_MS;
}

function react(room, { message_id, reactions }) {
  const message = room.messages.get(message_id);
  if (message) room.messages.set(message_id, { ...message, reactions });
}

/** The chat action still to be shown. */
export const action = (room, now) => (room.action && now < room.actionEnds ? room.action : null);

export const inOrder = (room) => [...room.messages.values()].sort((a, b) => a.message_id - b.message_id);

export function last(room) {
  let newest = null;
  for (const message of room.messages.values()) {
    if (!newest || message.message_id > newest.message_id) newest = message;
  }
  return newest;
}

const FILES = ["photo", "document", "video", "animation", "audio", "voice", "video_note", "sticker"];

/** One line that stands for a message: in a reply's quote, in the list of chats. */
export function summary(message) {
  const text = message.text ?? message.caption;
  if (text) return text.replace(/\s+/g, " ").slice(0, 160);
  const kind = FILES.find((name) => message[name]);
  if (kind === "photo") return "Photo";
  return message[kind]?.file_name ?? (kind ? kind.replace("_", " ") : "Message");
}
