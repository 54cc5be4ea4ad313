// What appears above the page for a moment: toasts, alerts, a photo in full.

import { h, icon } from "./dom.js";

const TOAST_MS = 4500;

export function toast(text, kind = "note") {
  const corner = document.getElementById("toasts");
  const node = h("div", { class: `toast ${kind}`, "data-testid": "toast", role: kind === "error" ? "alert" : "status" }, text);
  corner.append(node);
  while (corner.children.length > 3) corner.firstChild.remove();
  setTimeout(() => node.remove(), TOAST_MS);
}

export const failed = (error) => toast(error.message, "error");

/** An answer that asks to be noticed: it stays until it is closed. */
export function alertBox(title, text) {
  const close = h("button", { type: "submit", class: "primary", autofocus: true }, "OK");
  const dialog = h(
    "dialog",
    { class: "alert", "data-testid": "alert", "aria-label": title },
    h("form", { method: "dialog" }, h("h2", {}, title), h("p", { dir: "auto" }, text), close),
  );
  show(dialog);
}

export function lightbox(url) {
  const close = h("button", { type: "submit", class: "round", "aria-label": "Close", autofocus: true }, icon("close"));
  const dialog = h(
    "dialog",
    { class: "lightbox", "aria-label": "Photo" },
    h("img", { src: url, alt: "Photo" }),
    h("form", { method: "dialog" }, close),
  );
  dialog.addEventListener("click", (event) => event.target.tagName !== "BUTTON" && dialog.close());
  show(dialog);
}

function show(dialog) {
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
