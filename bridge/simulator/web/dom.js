// Small tools for building the page. Text only ever enters as text nodes: nothing that a
// user or a bot wrote is parsed as HTML.

const SVG = "http://www.w3.org/2000/svg";

/** An element; `on…` props are listeners, null and false children are left out. */
export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "class") node.className = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** One of the drawings in index.html. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const weekday = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "long", timeStyle: "medium" });

export const time = (seconds) => clock.format(seconds * 1000);
export const moment = (seconds) => exact.format(seconds * 1000);

export function day(seconds, now = Date.now()) {
  const date = new Date(seconds * 1000).toDateString();
  if (date === new Date(now).toDateString()) return "Today";
  if (date === new Date(now - 86_400_000).toDateString()) return "Yesterday";
  return weekday.format(seconds * 1000);
}

export function size(bytes) {
  if (!Number.isFinite(bytes)) return "";
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${(bytes / 1000).toFixed(bytes < 10_000 ? 1 : 0)} KB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** The letters in a round picture. */
export function initials(name) {
  const words = (name ?? "").trim().split(/\s+/).filter(Boolean);
  return words.slice(0, 2).map((word) => [...word][0].toUpperCase()).join("") || "?";
}

/** The class of a person's colour: the same everywhere, unlike those of near numbers. */
export const hue = (id) => `hue${(Math.imul(Math.abs(id ?? 0), 2654435761) >>> 16) % 6}`;

export function avatar(name, id) {
  return h("span", { class: `avatar ${hue(id)}`, "aria-hidden": "true" }, initials(name));
}

export const person = (from) =>
  from ? [from.first_name, from.last_name].filter(Boolean).join(" ") || from.name || from.username || "" : "";

export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    copyBySelection(text); // no clipboard outside of secure contexts, such as a phone in the same network
  }
}

function copyBySelection(text) {
  const area = h("textarea", { class: "offscreen", readonly: true });
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}
