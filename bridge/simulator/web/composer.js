// Where the user writes: a field that grows, an attachment, a reply, and the bot's commands.

import { h, person, size } from "./dom.js";
import { summary } from "./store.js";

const $ = (id) => document.getElementById(id);

export class Composer {
  #file = null;
  #reply = null;
  #kept = new Map(); // what was being written in other chats
  #place = "";
  #marked = -1; // the command marked with the arrow keys

  /** `send({text, file, reply_to, thread})` resolves to whether it worked. */
  constructor(send, commands) {
    this.send = send;
    this.commands = commands;
    this.form = $("composer-form");
    this.field = $("composer");
    this.menu = $("commands");
    this.form.addEventListener("submit", (event) => this.#submit(event));
    this.field.addEventListener("keydown", (event) => this.#key(event));
    this.field.addEventListener("input", () => this.#changed());
    this.field.addEventListener("paste", (event) => this.#takeFrom(event, event.clipboardData));
    this.field.addEventListener("blur", () => this.#closeMenu());
    this.menu.addEventListener("mousedown", (event) => event.preventDefault()); // keeps the focus in the field
    $("command-button").addEventListener("mousedown", (event) => event.preventDefault());
    $("command-button").addEventListener("click", () => this.#toggleMenu());
    $("attach").addEventListener("click", () => $("file").click());
    $("file").addEventListener("change", () => this.attach($("file").files[0]));
    $("extra-close").addEventListener("click", () => this.#drop());
    document.addEventListener("dragover", (event) => event.preventDefault());
    document.addEventListener("drop", (event) => this.#takeFrom(event, event.dataTransfer));
  }

  /** Another chat: what was written here waits for the return. */
  enter(place) {
    if (place === this.#place) return;
    const early = this.#place ? "" : this.field.value; // written before the page was ready
    this.#kept.set(this.#place, this.field.value);
    this.#place = place;
    this.field.value = this.#kept.get(place) ?? early;
    this.#drop();
    this.#closeMenu();
    this.#changed();
  }

  replyTo(message) {
    this.#reply = message;
    this.#showExtra();
    this.field.focus();
  }

  attach(file) {
    if (!file) return;
    this.#file = file;
    this.#showExtra();
    this.field.focus();
  }

  async #submit(event) {
    event?.preventDefault();
    const text = this.field.value.trim();
    if (!text && !this.#file) return;
    const [file, reply] = [this.#file, this.#reply];
    this.field.value = "";
    this.#drop();
    this.#changed();
    const sent = await this.send({
      text,
      file: file ?? undefined,
      reply_to: reply?.message_id,
      thread: reply?.message_thread_id,
    });
    if (!sent && !this.field.value) this.#restore(text, file, reply);
  }

  #restore(text, file, reply) {
    this.field.value = text;
    [this.#file, this.#reply] = [file, reply];
    this.#showExtra();
    this.#changed();
  }

  #key(event) {
    if (event.isComposing) return;
    if (!this.menu.hidden && this.#menuKey(event)) return event.preventDefault();
    if (event.key === "Escape") this.#drop();
    if (event.key !== "Enter" || event.shiftKey) return;
    event.preventDefault();
    this.#submit();
  }

  /** Nothing is marked until an arrow key is used, so Enter sends what was typed. */
  #menuKey(event) {
    const items = [...this.menu.querySelectorAll("[role=option]")];
    switch (event.key) {
      case "ArrowDown":
        this.#mark(items, this.#marked + 1);
        return true;
      case "ArrowUp":
        this.#mark(items, this.#marked < 0 ? items.length - 1 : this.#marked - 1);
        return true;
      case "Tab":
        this.#complete(items[Math.max(this.#marked, 0)]);
        return true;
      case "Enter":
        if (this.#marked < 0 || event.shiftKey) return false;
        items[this.#marked].click();
        return true;
      case "Escape":
        this.#closeMenu();
        return true;
      default:
        return false;
    }
  }

  #mark(items, index) {
    this.#marked = (index + items.length) % items.length;
    items.forEach((item, at) => item.setAttribute("aria-selected", String(at === this.#marked)));
    items[this.#marked].scrollIntoView({ block: "nearest" });
    this.field.setAttribute("aria-activedescendant", items[this.#marked].id);
  }

  #complete(item) {
    this.field.value = `${item.dataset.command} `;
    this.#changed();
  }

  #changed() {
    this.field.style.height = "auto";
    this.field.style.height = `${this.field.scrollHeight}px`;
    $("send").disabled = !this.field.value.trim() && !this.#file;
    const typed = /^\/\w*$/.exec(this.field.value);
    if (typed) this.#openMenu(typed[0].slice(1));
    else this.#closeMenu();
  }

  #toggleMenu() {
    if (!this.menu.hidden) return this.#closeMenu();
    this.field.focus();
    this.#openMenu("");
  }

  #openMenu(prefix) {
    const fitting = this.commands().filter(({ command }) => command.startsWith(prefix.toLowerCase()));
    if (!fitting.length) return this.#closeMenu();
    this.#marked = -1;
    this.menu.replaceChildren(...fitting.map((command, index) => this.#item(command, index)));
    this.menu.hidden = false;
    $("command-button").setAttribute("aria-expanded", "true");
  }

  #item({ command, description }, index) {
    const choose = () => {
      this.field.value = "";
      this.#changed();
      this.send({ text: `/${command}` });
    };
    return h(
      "div",
      { role: "option", id: `command-${index}`, "aria-selected": "false", "data-testid": "command", "data-command": `/${command}`, onclick: choose },
      h("b", {}, `/${command}`),
      h("span", {}, description),
    );
  }

  #closeMenu() {
    this.menu.hidden = true;
    this.field.removeAttribute("aria-activedescendant");
    $("command-button").setAttribute("aria-expanded", "false");
  }

  #takeFrom(event, transfer) {
    const file = transfer?.files[0];
    if (!file) return;
    event.preventDefault();
    this.attach(file);
  }

  #drop() {
    [this.#file, this.#reply] = [null, null];
    $("file").value = "";
    this.#showExtra();
  }

  #showExtra() {
    const title = this.#file ? this.#file.name : this.#reply && `Reply to ${person(this.#reply.from)}`;
    const detail = this.#file ? size(this.#file.size) : this.#reply && summary(this.#reply);
    $("extra").hidden = !title;
    $("extra-title").textContent = title ?? "";
    $("extra-detail").textContent = detail ?? "";
    $("send").disabled = !this.field.value.trim() && !this.#file;
  }
}
