// The scrolling list of one chat. Rows are kept by key and replaced only where their message
// changed, so that selections, unfolded quotes and the place one reads at stay as they are.

import { Draft, message as bubble } from "./bubbles.js";
import { day, h } from "./dom.js";
import { settle } from "./entities.js";
import { inOrder } from "./store.js";

const NEAR = 80; // pixels from the end that still count as being there
const RUN = 300; // seconds within which messages of one sender form a run

export class Timeline {
  #rows = new Map(); // key → {node, message, shape}
  #drafts = new Map(); // key → Draft
  #bottom = true;
  #top = 0; // last scroll position
  #settled = false; // the first render of a chat is not animated

  /** `on` as in bubbles.js, and moved(atEnd). */
  constructor(scroller, on) {
    this.scroller = scroller;
    this.on = on;
    this.list = h("div", { class: "list" });
    this.live = h("div", { class: "live" });
    this.dots = h("div", { class: "dots", "data-testid": "typing", role: "img", "aria-label": "typing" }, h("i"), h("i"), h("i"));
    this.inner = h("div", { class: "inner" }, this.list, this.live);
    scroller.append(this.inner);
    scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    const observer = new ResizeObserver(() => this.#bottom && this.#pin());
    observer.observe(scroller);
    observer.observe(this.inner);
  }

  get atEnd() {
    return this.#bottom;
  }

  /** Empties the list for another chat. */
  clear() {
    this.#rows.clear();
    this.#drafts.clear();
    this.list.replaceChildren();
    this.live.replaceChildren();
    this.#settled = false;
    this.toEnd();
  }

  render(room, viewer, isGroup, action) {
    const wasDraft = this.#drafts.size > 0;
    const wanted = rowsOf(inOrder(room), viewer, isGroup);
    this.#renderDays(Map.groupBy(wanted, (row) => row.label), this.#settled && !wasDraft);
    this.#forget(wanted);
    this.#renderDrafts(room.drafts);
    this.dots.remove();
    if (action && !room.drafts.size) this.live.append(this.dots);
    this.#settled = true;
    if (this.#bottom) this.#pin();
  }

  toEnd() {
    this.#bottom = true;
    this.#pin();
    this.on.moved(true);
  }

  /** Scrolls to a message and lights it up for a moment. */
  show(id) {
    const node = this.#rows.get(id)?.node;
    if (!node) return false;
    node.scrollIntoView({ block: "center", behavior: "smooth" });
    node.classList.remove("lit");
    void node.offsetWidth; // restarts the animation
    node.classList.add("lit");
    return true;
  }

  /** A section for each day, so that the label of one day pushes away that of the day before. */
  #renderDays(days, animated) {
    const sections = new Map([...this.list.children].map((section) => [section.dataset.day, section]));
    for (const [label, rows] of days) {
      const section = sections.get(label) ?? daySection(label);
      sections.delete(label);
      this.list.append(...(section.isConnected ? [] : [section]));
      rows.forEach((row, index) => this.#place(section, row, index + 1, animated));
      while (section.children.length > rows.length + 1) section.lastChild.remove();
    }
    for (const section of sections.values()) section.remove();
  }

  #forget(wanted) {
    const keys = new Set(wanted.map((row) => row.key));
    for (const key of this.#rows.keys()) if (!keys.has(key)) this.#rows.delete(key);
  }

  #place(section, row, index, animated) {
    const old = this.#rows.get(row.key);
    const same = old && old.message === row.message && old.shape === row.shape;
    const node = same ? old.node : bubble(row.message, row.look, this.on);
    if (!old && animated) node.classList.add("fresh");
    if (old && !same) old.node.replaceWith(node);
    this.#rows.set(row.key, { node, message: row.message, shape: row.shape });
    if (section.children[index] !== node) section.insertBefore(node, section.children[index] ?? null);
    if (!same) settle(node);
  }

  #renderDrafts(drafts) {
    for (const [key, view] of this.#drafts) {
      if (drafts.has(key)) continue;
      view.node.remove();
      this.#drafts.delete(key);
    }
    for (const [key, draft] of drafts) {
      const known = this.#drafts.get(key);
      if (known) {
        known.update(draft);
        continue;
      }
      const view = new Draft(draft, this.on);
      this.#drafts.set(key, view);
      this.live.append(view.node);
    }
  }

  #pin() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.#top = this.scroller.scrollTop;
  }

  /** Only a scroll upwards leaves the end: content that grows must not. */
  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    const upwards = scrollTop < this.#top - 1;
    const near = scrollHeight - scrollTop - clientHeight < NEAR;
    this.#top = scrollTop;
    const before = this.#bottom;
    if (near && !upwards) this.#bottom = true;
    else if (!near && upwards) this.#bottom = false;
    if (before !== this.#bottom) this.on.moved(this.#bottom);
  }
}

const daySection = (label) =>
  h("section", { "data-day": label, "aria-label": label }, h("div", { class: "day" }, h("span", {}, label)));

/** Messages with their day and their place in a run. */
function rowsOf(messages, viewer, isGroup) {
  return messages.map((message, index) => {
    const mine = message.from?.id === viewer;
    const look = {
      mine,
      named: isGroup && !mine,
      first: !follows(messages[index - 1], message),
      last: !follows(message, messages[index + 1]),
    };
    return { key: message.message_id, label: day(message.date), message, look, shape: Object.values(look).join() };
  });
}

function follows(one, two) {
  return (
    Boolean(one && two) &&
    one.from?.id === two.from?.id &&
    two.date - one.date < RUN &&
    day(one.date) === day(two.date) &&
    (one.message_thread_id ?? 0) === (two.message_thread_id ?? 0)
  );
}
