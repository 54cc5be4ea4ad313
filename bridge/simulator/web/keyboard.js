// The inline keyboard under a bubble.

import { copy, h, icon } from "./dom.js";
import { isSafe } from "./entities.js";

const STYLES = new Set(["primary", "success", "danger"]);

export function keyboard(message, on) {
  const rows = message.reply_markup?.inline_keyboard;
  if (!rows?.length) return null;
  return h(
    "div",
    { class: "keys", role: "group", "aria-label": "Buttons of this message" },
    ...rows.map((row) => h("div", { class: "keyrow" }, ...row.map((button) => key(message, button, on)))),
  );
}

function key(message, button, on) {
  const props = {
    class: STYLES.has(button.style) ? `key ${button.style}` : "key",
    "data-testid": "button",
  };
  const label = h("span", { class: "keytext", dir: "auto" }, button.text);
  if (button.url) return away(props, label, button.url);
  const node = h("button", { ...props, type: "button" }, label);
  node.addEventListener("click", () => press(node, message, button, on));
  node.disabled = Boolean(button.disabled) || !(button.callback_data || button.copy_text);
  return node;
}

function away(props, label, url) {
  if (!isSafe(url)) return h("span", { ...props, "aria-disabled": "true" }, label);
  return h("a", { ...props, href: url, target: "_blank", rel: "noopener noreferrer" }, label, icon("away"));
}

async function press(node, message, button, on) {
  if (button.copy_text) {
    await copy(button.copy_text.text);
    on.notice("Copied");
    return;
  }
  if (node.getAttribute("aria-busy") === "true") return;
  node.setAttribute("aria-busy", "true");
  await on.tap(message, button);
  node.removeAttribute("aria-busy");
}
