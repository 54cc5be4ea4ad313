// Bot API entities to DOM. Offsets are UTF-16 units, which is what JavaScript's strings count.
// Entities nest; where two overlap only in part, the later one is cut in two.

import { copy, h, icon } from "./dom.js";

const SAFE = new Set(["http:", "https:", "tg:", "mailto:", "tel:"]);
const BLOCKS = new Set(["pre", "blockquote", "expandable_blockquote"]);
const TAGS = { bold: "strong", italic: "em", underline: "u", strikethrough: "s", code: "code" };
const LABELS = new Set(["mention", "text_mention", "hashtag", "cashtag"]);

/** A fragment of `text`. `command(text)` is called when a /command in it is clicked. */
export function render(text, entities = [], command = () => {}) {
  const fragment = document.createDocumentFragment();
  write(fragment, text, 0, text.length, ordered(entities, text.length), command);
  return fragment;
}

function ordered(entities, length) {
  return entities
    .map((entity) => ({
      ...entity,
      from: Math.max(0, entity.offset),
      to: Math.min(length, entity.offset + entity.length),
    }))
    .filter((entity) => entity.from < entity.to)
    .sort(outermost);
}

const rank = (entity) => (entity.type.endsWith("blockquote") ? 0 : entity.type === "pre" ? 1 : 2);
const outermost = (a, b) => a.from - b.from || b.to - a.to || rank(a) - rank(b);

function write(parent, text, from, to, entities, command) {
  let at = from;
  const waiting = [...entities];
  while (waiting.length) {
    const entity = waiting.shift();
    say(parent, text.slice(at, entity.from));
    const inner = waiting.filter((other) => other.from < entity.to);
    const later = waiting.filter((other) => other.from >= entity.to);
    const { node, slot } = element(entity, text.slice(entity.from, entity.to), command);
    const clipped = inner.map((other) => ({ ...other, to: Math.min(other.to, entity.to) }));
    write(slot, text, entity.from, entity.to, clipped, command);
    parent.append(node);
    const rests = inner.filter((other) => other.to > entity.to);
    waiting.splice(0, waiting.length, ...rests.map((other) => ({ ...other, from: entity.to })), ...later);
    waiting.sort(outermost);
    at = entity.to;
  }
  say(parent, text.slice(at, to));
}

/** A block ends its line by itself, so the line break that follows it would show as an empty line. */
function say(parent, text) {
  const afterBlock = parent.lastChild?.dataset?.block !== undefined;
  const shown = afterBlock ? text.replace(/^\n/, "") : text;
  if (shown) parent.append(shown);
}

/** The element of an entity, and the place in it where its content goes. */
function element(entity, text, command) {
  const node = make(entity, text, command);
  if (BLOCKS.has(entity.type)) node.dataset.block = entity.type;
  return { node, slot: node.querySelector("[data-slot]") ?? node };
}

function make(entity, text, command) {
  const { type } = entity;
  if (type in TAGS) return h(TAGS[type]);
  if (LABELS.has(type)) return h("span", { class: "label" });
  switch (type) {
    case "text_link":
      return link(entity.url);
    case "url":
      return link(/^[a-z][a-z0-9+.-]*:/i.test(text) && text.includes("//") ? text : `https://${text}`);
    case "email":
      return link(`mailto:${text}`);
    case "phone_number":
      return link(`tel:${text.replace(/[^+\d]/g, "")}`);
    case "bot_command":
      return h("button", { type: "button", class: "command", onclick: () => command(text) });
    case "spoiler":
      return spoiler();
    case "pre":
      return pre(entity.language, text);
    case "blockquote":
      return h("blockquote");
    case "expandable_blockquote":
      return expandable();
    default:
      return h("span");
  }
}

function link(url) {
  if (!isSafe(url)) return h("span", { class: "label", title: url });
  return h("a", { href: url, target: "_blank", rel: "noopener noreferrer", title: url });
}

export function isSafe(url) {
  return URL.canParse(url) && SAFE.has(new URL(url).protocol);
}

function spoiler() {
  const reveal = (event) => {
    if (event.type === "keydown" && !["Enter", " "].includes(event.key)) return;
    if (node.classList.contains("open")) return;
    event.preventDefault();
    event.stopPropagation(); // a link under the cover is not followed by the tap that uncovers it
    node.classList.add("open");
    node.removeAttribute("role");
    node.removeAttribute("aria-label");
  };
  const node = h("span", { class: "spoiler", role: "button", tabindex: "0", "aria-label": "Hidden text" });
  node.addEventListener("click", reveal, true);
  node.addEventListener("keydown", reveal, true);
  return node;
}

function pre(language, text) {
  const button = h("button", { type: "button", class: "copy", "aria-label": "Copy code", title: "Copy" }, icon("copy"));
  button.addEventListener("click", async () => {
    await copy(text);
    button.replaceChildren(icon("check"));
    setTimeout(() => button.replaceChildren(icon("copy")), 1500);
  });
  const label = language || (text.includes("\n") ? "text" : ""); // a head for the button, except over one line
  return h(
    "div",
    { class: label ? "code named" : "code" },
    label && h("span", { class: "language" }, label),
    button,
    h("pre", { tabindex: "0", dir: "ltr", "data-slot": true }),
  );
}

function expandable() {
  const button = h("button", { type: "button", class: "more", "aria-expanded": "false" }, "Show more");
  const node = h("blockquote", { class: "expandable" }, h("div", { "data-slot": true }), button);
  button.addEventListener("click", () => unfold(node, !node.classList.contains("open")));
  return node;
}

function unfold(quote, open) {
  const button = quote.lastChild;
  quote.classList.toggle("open", open);
  button.setAttribute("aria-expanded", String(open));
  button.textContent = open ? "Show less" : "Show more";
}

/** To call once the element is on the page: short quotes need no toggle. */
export function settle(root) {
  for (const quote of root.querySelectorAll("blockquote.expandable:not(.open)")) {
    const slot = quote.firstChild;
    quote.classList.toggle("short", slot.scrollHeight <= slot.clientHeight + 2);
  }
}

/** Replaces what `root` shows; quotes that were unfolded stay so. */
export function rewrite(root, text, entities, command) {
  const quotes = () => [...root.querySelectorAll("blockquote.expandable")];
  const open = quotes().map((quote) => quote.classList.contains("open"));
  root.replaceChildren(render(text, entities, command));
  quotes().forEach((quote, index) => open[index] && unfold(quote, true));
}
