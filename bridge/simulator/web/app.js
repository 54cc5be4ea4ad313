// The page: one user, one open chat, and the stream of events that keeps both current.
// The address says who and where (#user=…&chat=…), so a reload or a link comes back to it.

import * as api from "./api.js";
import * as chats from "./chats.js";
import { Composer } from "./composer.js";
import { alertBox, failed, lightbox, toast } from "./notices.js";
import { action, apply, fill, room } from "./store.js";
import { Timeline } from "./timeline.js";

const $ = (id) => document.getElementById(id);

const at = { user: 0, chat: 0 };
const rooms = new Map();
const taps = new Map(); // callback id → its answer; null while it is awaited
let info = null;
let backlog = []; // events that came while everything was being read
let loading = 0; // counts the readings: only the newest one counts

const timeline = new Timeline($("scroller"), {
  command: (text) => say({ text }),
  notice: toast,
  open: lightbox,
  reply: (message) => composer.replyTo(message),
  jump: (id) => timeline.show(id) || toast("That message is no longer here."),
  tap,
  stop: (draft) => attempt(() => api.stop(at.user, at.chat, draft.draft_id)),
  moved,
});
const composer = new Composer(say, () => info?.commands ?? []);

/** Whether it worked; a failure is told to the user. */
async function attempt(step) {
  try {
    await step();
    return true;
  } catch (error) {
    failed(error);
    return false;
  }
}

function say(what) {
  timeline.toEnd();
  const { user, chat } = at;
  return attempt(async () => {
    const [first, ...rest] = api.pieces(what.text);
    await api.send(user, chat, { ...what, text: first });
    for (const text of rest) await api.send(user, chat, { text, thread: what.thread });
  });
}

function tap(message, button) {
  return attempt(async () => {
    const { callback_id, answer } = await api.tap(at.user, at.chat, message.message_id, button.callback_data);
    const early = answer ?? taps.get(callback_id);
    if (early) answered(early);
    taps.set(callback_id, early ?? null);
  });
}

function answered({ text, show_alert }) {
  if (!text) return;
  if (show_alert) alertBox(info.bot.name, text);
  else toast(text);
}

function moved(atEnd) {
  const open = rooms.get(at.chat);
  if (open && atEnd) open.unread = 0;
  $("down").hidden = atEnd;
  paint();
}

/** Reads everything again, then applies what happened meanwhile. */
async function load() {
  const turn = ++loading;
  backlog = [];
  try {
    const fresh = await api.state();
    const ids = chats.chatsOf(fresh, choose(fresh).user).map(({ id }) => id);
    const found = await Promise.all(ids.map((id) => Promise.all([id, api.messages(id), api.live(id)])));
    if (turn !== loading) return;
    info = fresh;
    for (const [id, messages, live] of found) fill(roomOf(id), messages, live, Date.now());
    const missed = backlog;
    backlog = null;
    missed.forEach(happened);
    $("offline").hidden = true;
    show();
  } catch (error) {
    if (turn === loading) setTimeout(() => turn === loading && load(), 1000);
    console.warn("reading the chats failed, trying again", error);
  }
}

function roomOf(id) {
  if (!rooms.has(id)) rooms.set(id, room());
  return rooms.get(id);
}

/** The user and chat of the address, as far as they exist. */
function choose({ users, ...rest }) {
  const wanted = new URLSearchParams(location.hash.slice(1));
  const user = users.find(({ id }) => id === Number(wanted.get("user"))) ?? users[0];
  const mine = chats.chatsOf({ users, ...rest }, user.id);
  const chat = mine.find(({ id }) => id === Number(wanted.get("chat"))) ?? mine[0];
  return { user: user.id, chat: chat?.id ?? user.id };
}

function happened(event) {
  if (backlog) return backlog.push(event);
  if (event.type === "commands") return refresh();
  if (event.type === "tap_answer") return lateAnswer(event);
  const place = rooms.get(event.chat);
  if (!place) return event.type === "message" && refresh();
  const isNew = apply(place, event, Date.now());
  const seen = event.chat === at.chat && timeline.atEnd && document.visibilityState === "visible";
  if (isNew && !seen && event.message.from?.id !== at.user) place.unread += 1;
  if (event.type === "action") setTimeout(paint, 5050);
  paint();
}

/** New commands or chats: what is known of messages stays. */
async function refresh() {
  await attempt(async () => {
    info = await api.state();
    paint();
  });
}

/** An answer may overtake the response to its tap, or come long after it. */
function lateAnswer(event) {
  if (taps.get(event.callback_id) === null) answered(event);
  taps.set(event.callback_id, event);
}

/** Follows the address. */
function show() {
  const next = choose(info);
  if (next.user !== at.user && at.user) {
    Object.assign(at, next);
    rooms.clear();
    timeline.clear();
    load();
  } else if (next.chat !== at.chat || !at.user) {
    Object.assign(at, next);
    timeline.clear();
    roomOf(at.chat).unread = 0;
  }
  if (info.note) $("note").textContent = info.note; // where a real model is behind the bot, for one
  composer.enter(`${at.user}/${at.chat}`);
  chats.switcher(info.users, at.user);
  if (matchMedia("(hover: hover)").matches && document.activeElement === document.body) $("composer").focus();
  paint();
}

let painting = false;

/** One render per frame, however many events came. */
function paint() {
  if (painting || !info) return;
  painting = true;
  const soon = document.hidden ? setTimeout : requestAnimationFrame; // a hidden page has no frames
  soon(() => {
    painting = false;
    render();
  });
}

function render() {
  const chat = info.chats.find(({ id }) => id === at.chat);
  if (!chat) return;
  const now = Date.now();
  const open = roomOf(at.chat);
  timeline.render(open, at.user, chat.type !== "private", action(open, now));
  chats.list(info, rooms, at.user, at.chat);
  chats.header(chat, info, open, now);
  $("start").hidden = chat.type !== "private";
  $("empty").hidden = backlog !== null || open.messages.size > 0 || open.drafts.size > 0;
  $("down-count").textContent = open.unread || "";
  const elsewhere = [...rooms].reduce((sum, [id, { unread }]) => sum + (id === at.chat ? 0 : unread), 0);
  $("back-count").textContent = elsewhere || "";
  document.title = `${elsewhere + open.unread ? `(${elsewhere + open.unread}) ` : ""}${chats.title(chat, info)} · simulated Telegram`;
}

function go(user, chat) {
  location.hash = new URLSearchParams(chat ? { user, chat } : { user }).toString();
}

const view = (name) => (document.body.dataset.view = name); // matters on a phone only

$("user-switch").addEventListener("change", (event) => go(event.target.value));
$("chats").addEventListener("click", (event) => {
  const item = event.target.closest("[data-chat-id]");
  if (!item) return;
  go(at.user, item.dataset.chatId);
  view("chat");
});
$("back").addEventListener("click", () => view("chats"));
$("down").addEventListener("click", () => timeline.toEnd());
$("start").addEventListener("click", () => say({ text: "/start" }));
addEventListener("hashchange", () => info && show());
document.addEventListener("visibilitychange", () => timeline.atEnd && moved(true));

api.listen({
  opened: load,
  event: happened,
  lost: () => {
    $("offline").hidden = false;
  },
});
