// One message or one draft, as a row of the timeline.

import * as api from "./api.js";
import { avatar, h, hue, icon, moment, person, size, time } from "./dom.js";
import { render, rewrite, settle } from "./entities.js";
import { keyboard } from "./keyboard.js";
import { summary } from "./store.js";

const DOCUMENTS = ["document", "animation", "video", "audio", "voice", "video_note", "sticker"];
const touched = matchMedia("(hover: none)"); // with a mouse a double click selects a word
const EMOJI_ONLY = /^(?:\p{Extended_Pictographic}|\p{Emoji_Modifier}|\u200d|\ufe0f){1,12}$/u;

/**
 * `look`: mine, named, first, last (in a run of the same sender).
 * `on`: command(text), tap(message, button), reply(message), jump(message_id), open(url).
 */
export function message(message, look, on) {
  const bot = message.from?.is_bot ?? false;
  const row = h(
    "article",
    {
      class: classes("row", look.mine ? "mine" : "theirs", look.first && "first", look.last && "last"),
      "data-testid": "message",
      "data-message-id": message.message_id,
      "data-from": bot ? "bot" : "user",
      "aria-label": `${person(message.from)}, ${time(message.date)}`,
    },
    look.named && (look.last ? avatar(person(message.from), message.from?.id) : h("span", { class: "avatar gap" })),
    h(
      "div",
      { class: "column" },
      h("div", { class: bubbleClass(message), ondblclick: () => touched.matches && on.reply(message) }, ...content(message, look, on)),
      keyboard(message, on),
    ),
    replyButton(message, on),
  );
  return row;
}

const classes = (...names) => names.filter(Boolean).join(" ");

function bubbleClass(message) {
  const text = message.text ?? message.caption ?? "";
  return classes("bubble", message.photo && "pictured", !text && "bare", EMOJI_ONLY.test(text) && "jumbo");
}

function content(message, look, on) {
  return [
    look.named && look.first && h("div", { class: `name ${hue(message.from.id)}` }, person(message.from)),
    message.message_thread_id && look.first && h("div", { class: "topic" }, `Topic ${message.message_thread_id}`),
    message.reply_to_message && quote(message.reply_to_message, on),
    message.photo?.length && photo(message.photo, on),
    ...DOCUMENTS.filter((kind) => message[kind]).map((kind) => fileRow(message[kind], kind)),
    body(message, on),
  ].filter(Boolean);
}

function quote(original, on) {
  const jump = () => on.jump(original.message_id);
  return h(
    "button",
    { type: "button", class: "quote", "data-testid": "quote", onclick: jump, "aria-label": "Show the message this replies to" },
    h("b", {}, person(original.from)),
    h("span", {}, summary(original)),
  );
}

function photo(sizes, on) {
  const largest = sizes.reduce((a, b) => (b.width * b.height > a.width * a.height ? b : a));
  const url = api.file(largest.file_id);
  const picture = h("img", { src: url, width: largest.width, height: largest.height, alt: "Photo", loading: "lazy" });
  return h("button", { type: "button", class: "photo", "aria-label": "Open photo", onclick: () => on.open(url) }, picture);
}

function fileRow(file, kind) {
  const name = file.file_name ?? kind.replace("_", " ");
  return h(
    "a",
    { class: "file", href: api.file(file.file_id), download: name, "data-testid": "file" },
    h("span", { class: "disc" }, icon("download")),
    h("span", { class: "about" }, h("b", { dir: "auto" }, name), h("small", {}, size(file.file_size))),
  );
}

function body(message, on) {
  const text = message.text ?? message.caption ?? "";
  const entities = message.entities ?? message.caption_entities ?? [];
  const shown = h("span", { class: "text", "data-testid": "text" });
  shown.append(render(text, entities, on.command));
  const meta = h(
    "span",
    { class: "meta", dir: "ltr" },
    message.edit_date && h("span", { class: "edited", title: moment(message.edit_date) }, "edited"),
    h("time", { datetime: new Date(message.date * 1000).toISOString(), title: moment(message.date) }, time(message.date)),
  );
  const words = text ? shown : null;
  if (!message.reactions?.length) return h("div", { class: "body", dir: "auto" }, words, meta);
  return h("div", { class: "body", dir: "auto" }, words, h("div", { class: "foot" }, reactions(message.reactions), meta));
}

function reactions(list) {
  const chip = ({ emoji }) => h("span", { class: "reaction", "data-testid": "reaction", role: "img", "aria-label": `Reaction ${emoji}` }, emoji);
  return h("div", { class: "reactions" }, ...list.map(chip));
}

function replyButton(message, on) {
  return h(
    "button",
    { type: "button", class: "reply", "aria-label": "Reply", title: "Reply", onclick: () => on.reply(message) },
    icon("reply"),
  );
}

/**
 * A draft keeps its element while it grows: a Stop button that were made anew with each frame
 * could never be clicked.
 */
export class Draft {
  constructor(draft, on) {
    this.on = on;
    this.text = h("span", { class: "text", "data-testid": "text" });
    this.stop = h(
      "button",
      { type: "button", class: "stop", "data-testid": "stop", onclick: () => this.#stopped() },
      icon("stop"),
      h("span", {}, "Stop"),
    );
    this.body = h("div", { class: "body", dir: "auto" }, this.text);
    this.node = h(
      "article",
      { class: "row theirs first last draft", "data-testid": "draft", "data-draft-id": draft.draft_id, "aria-label": "Being written", "aria-live": "off" },
      h(
        "div",
        { class: "column" },
        h("div", { class: "bubble" }, this.body, h("div", { class: "progress" }, h("span", { class: "pulse" }, "Live"), this.stop)),
      ),
    );
    this.update(draft);
  }

  update(draft) {
    if (draft === this.draft) return;
    this.draft = draft;
    this.body.classList.toggle("thinking", !draft.text);
    rewrite(this.text, draft.text || "Thinking", draft.entities ?? [], this.on.command);
    this.stop.hidden = !draft.can_stop;
    settle(this.text);
  }

  async #stopped() {
    this.stop.disabled = true;
    this.stop.lastChild.textContent = "Stopping";
    if (await this.on.stop(this.draft)) return;
    this.stop.disabled = false;
    this.stop.lastChild.textContent = "Stop";
  }
}
