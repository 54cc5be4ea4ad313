// The simulator's control API. Every call throws an Error with a sentence for the user.

async function call(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new Error("The simulator does not answer. Is it still running?");
  }
  if (!response.ok) throw new Error(await reason(response));
  return response.json();
}

async function reason(response) {
  const body = await response.text();
  try {
    const told = JSON.parse(body);
    return told.description ?? told.error ?? told.detail ?? body;
  } catch {
    return body || `The simulator answered ${response.status}.`;
  }
}

const post = (path, body) =>
  call(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

export const state = () => call("/sim/state");
export const messages = (chat) => call(`/sim/chats/${chat}/messages`);
export const live = (chat) => call(`/sim/chats/${chat}/live`);
export const tap = (user, chat, message, data) =>
  post("/sim/taps", { user, chat, message_id: message, data });
export const stop = (user, chat, draft) => post("/sim/drafts/stop", { user, chat, draft_id: draft });
export const file = (id) => `/sim/files/${encodeURIComponent(id)}`;

const LONGEST = 4096;

/** What a client of Telegram does with a long text: several messages, cut at a line or a word. */
export function pieces(text) {
  const found = [];
  let rest = text;
  while (rest.length > LONGEST) {
    const cut = [rest.lastIndexOf("\n", LONGEST), rest.lastIndexOf(" ", LONGEST)].find((at) => at > LONGEST / 2);
    const inPair = /[\ud800-\udbff]/.test(rest[LONGEST - 1]) ? 1 : 0;
    found.push(rest.slice(0, cut ?? LONGEST - inPair));
    rest = rest.slice(cut ?? LONGEST - inPair).trimStart();
  }
  return [...found, rest];
}

/** `what`: text, and perhaps file, reply_to, thread. */
export function send(user, chat, { text, file: attached, reply_to, thread }) {
  if (!attached) return post("/sim/messages", { user, chat, text, reply_to, thread });
  const form = new FormData();
  const fields = { user, chat, caption: text, reply_to, thread };
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined && value !== "") form.append(name, value);
  }
  form.append("file", attached, attached.name);
  return call("/sim/messages", { method: "POST", body: form });
}

const LONGEST_WAIT = 5000;

/**
 * Follows the event stream for ever. A new connection starts "from now on" and `opened` says so,
 * each time: the caller then reads everything again, which also survives a restarted simulator,
 * whose sequence numbers begin anew.
 */
export function listen({ opened, event, lost }) {
  let wait = 250;
  let timer = null;

  function connect() {
    clearTimeout(timer);
    timer = null;
    const source = new EventSource("/sim/events");
    source.onopen = () => {
      wait = 250;
      opened();
    };
    source.onmessage = (message) => event(JSON.parse(message.data));
    source.onerror = () => {
      source.close();
      lost();
      timer = setTimeout(connect, wait);
      wait = Math.min(wait * 2, LONGEST_WAIT);
    };
  }

  const hurry = () => timer !== null && document.visibilityState === "visible" && connect();
  addEventListener("online", hurry);
  document.addEventListener("visibilitychange", hurry);
  connect();
}
