// Who one is, and which chats one has: the switcher, the list beside the chat, the chat's header.

import { avatar, h, person, time } from "./dom.js";
import { action as actionOf, last, summary } from "./store.js";

const $ = (id) => document.getElementById(id);

const DOING = {
  typing: "typing",
  upload_photo: "sending a photo",
  upload_document: "sending a file",
  upload_video: "sending a video",
  upload_voice: "sending a voice message",
  record_voice: "recording a voice message",
  choose_sticker: "choosing a sticker",
  find_location: "looking for a place",
};

export const title = (chat, info) => (chat.type === "private" ? info.bot.name : chat.title) || "Chat";

const face = (chat, info) => (chat.type === "private" ? info.bot.id : chat.id);

/** The chats a user is in, the private one first. */
export function chatsOf(info, user) {
  const mine = info.chats.filter((chat) => chat.id === user || chat.members?.includes(user));
  return mine.sort((a, b) => (b.id === user) - (a.id === user));
}

export function switcher(users, user) {
  const select = $("user-switch");
  select.replaceChildren(...users.map(({ id, name }) => h("option", { value: id, selected: id === user }, name)));
  select.value = String(user);
}

let drawn = ""; // what the list shows: an entry that were replaced under the finger could not be tapped

export function list(info, rooms, user, open) {
  const entries = chatsOf(info, user).map((chat) => entry(chat, info, rooms.get(chat.id), user, chat.id === open));
  const now = JSON.stringify(entries);
  if (now === drawn) return;
  drawn = now;
  const focused = document.activeElement?.dataset?.chatId;
  $("chats").replaceChildren(...entries.map(item));
  if (focused) $("chats").querySelector(`[data-chat-id="${focused}"]`)?.focus();
}

function entry(chat, info, room, user, isOpen) {
  const newest = room && last(room);
  return {
    id: chat.id,
    face: face(chat, info),
    name: title(chat, info),
    at: newest ? time(newest.date) : "",
    text: preview(newest, chat, room, user),
    unread: room?.unread ?? 0,
    isOpen,
  };
}

function item({ id, face, name, at, text, unread, isOpen }) {
  return h(
    "button",
    { type: "button", class: "chat", "data-testid": "chat", "data-chat-id": id, "aria-current": isOpen ? "true" : null },
    avatar(name, face),
    h(
      "span",
      { class: "about" },
      h("span", { class: "line" }, h("b", {}, name), at && h("time", {}, at)),
      h(
        "span",
        { class: "line" },
        h("span", { class: "preview", dir: "auto" }, text),
        unread > 0 && h("span", { class: "badge", "aria-label": `${unread} new` }, String(unread)),
      ),
    ),
  );
}

function preview(newest, chat, room, user) {
  if (room?.drafts.size) return "writing…";
  if (!newest) return chat.type === "private" ? "Say hello" : "No messages yet";
  if (newest.from?.id === user) return `You: ${summary(newest)}`;
  return chat.type === "private" ? summary(newest) : `${person(newest.from)}: ${summary(newest)}`;
}

export function header(chat, info, room, now) {
  const name = title(chat, info);
  $("chat-avatar").replaceChildren(avatar(name, face(chat, info)));
  $("chat-title").textContent = name;
  const doing = status(room, now);
  $("chat-status").textContent = doing ? `${doing}…` : about(chat, info);
  $("chat-status").classList.toggle("doing", Boolean(doing));
}

function status(room, now) {
  if (room.drafts.size) return "writing";
  const action = actionOf(room, now);
  return action && (DOING[action] ?? "typing");
}

function about(chat, info) {
  if (chat.type === "private") return `bot · @${info.bot.username}`;
  const names = info.users.filter(({ id }) => chat.members?.includes(id)).map(({ name }) => name);
  return ["the bot", ...names].join(", ");
}
