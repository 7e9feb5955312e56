"use strict";

const ID = Number(location.pathname.split("/").pop());
const BASE = `/control/people/${ID}`;
const messages = new Map();
const revealed = new Set(); // spoilers opened, by message and offset
let chat = null;
let editing = null;

// ---- texts -------------------------------------------------------------------------------------------

const LINKS = new Set(["http:", "https:", "tg:", "mailto:"]);
function link(url, words) {
  let parsed;
  try { parsed = new URL(url); } catch { return words; }
  if (!LINKS.has(parsed.protocol)) return words;
  return make("a", { href: parsed.href, target: "_blank", rel: "noopener noreferrer" }, ...words);
}

function dressed(entity, words, plain, where) {
  switch (entity.type) {
    case "bold": return make("strong", {}, ...words);
    case "italic": return make("em", {}, ...words);
    case "underline": return make("u", {}, ...words);
    case "strikethrough": return make("s", {}, ...words);
    case "code": return make("code", {}, ...words);
    case "pre": return make("pre", {}, ...words);
    case "blockquote": case "expandable_blockquote": return make("blockquote", {}, ...words);
    case "text_link": return link(entity.url, words);
    case "url": return link(/^https?:/i.test(plain) ? plain : `https://${plain}`, words);
    case "email": return link(`mailto:${plain}`, words);
    case "bot_command": return make("button", { type: "button", class: "link", onclick: () => say(plain) }, ...words);
    case "date_time": {
      const when = new Date(entity.unix_time * 1000);
      return make("time", { datetime: when.toISOString(), title: clockText(when) }, ...words);
    }
    case "spoiler": {
      const key = `${where}:${entity.offset}`;
      const open = revealed.has(key);
      const node = make("button", { type: "button", class: open ? "spoiler open" : "spoiler" }, ...words);
      if (!open) node.setAttribute("aria-label", t("spoiler"));
      node.addEventListener("click", () => { revealed.add(key); node.classList.add("open"); node.removeAttribute("aria-label"); });
      return node;
    }
    default: return make("span", {}, ...words);
  }
}

// Offsets count UTF-16 code units, as JavaScript's strings do. Crossing styles are cut.
function formatted(text, entities, where, from = 0, to = text.length) {
  const parts = [];
  const left = [...entities];
  let at = from;
  while (left.length) {
    const entity = left.shift();
    const end = Math.min(entity.offset + entity.length, to);
    if (entity.offset < at || end <= entity.offset) continue;
    parts.push(text.slice(at, entity.offset));
    const inner = [];
    while (left.length && left[0].offset < end) {
      const next = left.shift();
      const over = next.offset + next.length - end;
      inner.push(over > 0 ? { ...next, length: next.length - over } : next);
      if (over > 0) left.push({ ...next, offset: end, length: over });
    }
    left.sort((one, other) => one.offset - other.offset || other.length - one.length);
    const words = formatted(text, inner, where, entity.offset, end);
    const node = dressed(entity, words, text.slice(entity.offset, end), where);
    parts.push(...(Array.isArray(node) ? node : [node]));
    at = end;
  }
  parts.push(text.slice(at, to));
  return parts.filter((part) => part !== "");
}

// ---- messages ----------------------------------------------------------------------------------------

function pollNode(message) {
  const poll = message.poll;
  const told = poll.closed || poll.answered;
  const kind = [t(poll.quiz ? "quiz" : "poll"), poll.multiple && t("multiple"), poll.anonymous && t("anonymous"), poll.closed && t("closed")];
  const set = make("fieldset", { class: "poll" }, make("legend", {}, ...formatted(message.text, message.entities, message.message_id)),
    make("small", {}, kind.filter(Boolean).join(" · ")));
  poll.options.forEach((option, index) => {
    if (told) {
      const marks = [option.chosen && t("yours"), option.correct === true && t("right"), option.correct === false && option.chosen && t("wrong")];
      const state = option.correct === true ? "right" : option.correct === false && option.chosen ? "wrong" : "";
      const sign = option.correct === true ? "✓" : option.chosen ? (option.correct === false ? "✗" : "●") : "○";
      set.append(make("div", { class: `option ${state}` }, make("span", { "aria-hidden": "true" }, sign), make("span", { class: "words" }, option.text),
        make("span", { class: "share" }, [...marks.filter(Boolean), poll.voters ? `${Math.round((100 * option.voters) / poll.voters)}%` : ""].join(" · "))));
    } else if (poll.multiple) {
      set.append(make("label", { class: "option" }, make("input", { type: "checkbox", value: index }), make("span", {}, option.text)));
    } else {
      set.append(make("button", { type: "button", class: "option", onclick: () => act("vote", { message_id: message.message_id, options: [index] }) },
        make("span", { "aria-hidden": "true" }, "○"), option.text));
    }
  });
  if (!told && poll.multiple) {
    set.append(make("button", { type: "button", class: "option", onclick: () => {
      const options = [...set.querySelectorAll("input:checked")].map((box) => Number(box.value));
      if (options.length) act("vote", { message_id: message.message_id, options });
    } }, t("answer")));
  }
  if (poll.answered && poll.revoting && !poll.closed) {
    set.append(make("button", { type: "button", class: "link", onclick: () => act("retract", { message_id: message.message_id }) }, t("retract")));
  }
  if (poll.explanation) set.append(make("p", { class: "explanation" }, poll.explanation));
  return set;
}

function fileNode(file) {
  const address = `/control/files/${encodeURIComponent(file.file_key)}`;
  if (file.kind === "photo") return make("a", { href: address, target: "_blank" }, make("img", { src: address, alt: file.name }));
  const size = file.size < 1024 ? `${file.size} B` : file.size < 1048576 ? `${Math.round(file.size / 1024)} kB` : `${(file.size / 1048576).toFixed(1)} MB`;
  return make("a", { class: "file", href: address, download: file.name }, make("span", { "aria-hidden": "true" }, "↓"), make("span", {}, file.name), make("small", {}, size));
}

function messageNode(message) {
  const own = !message.from_bot;
  const bubble = make("div", { class: "bubble" });
  if (message.deleted) {
    bubble.append(t("deleted"));
  } else {
    if (message.forwarded) bubble.append(make("small", {}, t("forwarded")), make("br"));
    const replied = messages.get(message.reply_to);
    if (replied) bubble.append(make("blockquote", {}, replied.text.slice(0, 80)));
    if (message.file) bubble.append(fileNode(message.file));
    if (message.poll) bubble.append(pollNode(message));
    else bubble.append(...formatted(message.text, message.entities, message.message_id));
    if (message.location) bubble.append(`${t("place")}: ${message.location.join(", ")}`);
    if (message.service) bubble.append(`${t("service")}: ${message.service}`);
  }
  const when = new Date(message.date);
  const meta = make("div", { class: "meta" });
  if (message.reactions.length) meta.append(make("span", {}, message.reactions.join(" ")));
  if (message.pinned) meta.append(make("span", {}, `${t("pinned")}`));
  if (message.edited && !message.deleted) meta.append(make("span", {}, t("edited")));
  if (own && !message.deleted && message.text && !message.poll) {
    meta.append(make("button", { type: "button", onclick: () => edit(message) }, t("edit")));
  }
  meta.append(make("time", { datetime: message.date }, new Intl.DateTimeFormat(locale(), { timeStyle: "short" }).format(when)));
  bubble.append(meta);
  const node = make("article", { class: ["message", own && "own", message.deleted && "deleted", message.service && "service"].filter(Boolean).join(" "), id: `m${message.message_id}` }, bubble);
  if (message.keyboard.length && !message.deleted) {
    node.append(make("div", { class: "keys" }, ...message.keyboard.map((row) => make("div", {}, ...row.map((button) => {
      if (button.url !== null) {
        const target = link(button.url, [`${button.text} ↗`]);
        return Array.isArray(target) ? make("span", {}, ...target) : target;
      }
      return make("button", { type: "button", disabled: button.data === null, onclick: () => act("tap", { message_id: message.message_id, data: button.data }) }, button.text);
    })))));
  }
  return node;
}

const day = (message) => new Intl.DateTimeFormat(locale(), { dateStyle: "full" }).format(new Date(message.date));

function show() {
  const log = byId("log");
  const focused = document.activeElement?.closest?.("article")?.id;
  const nodes = [];
  let last = null;
  for (const message of [...messages.values()].sort((one, other) => one.message_id - other.message_id)) {
    if (day(message) !== last) nodes.push(make("div", { class: "day" }, last = day(message)));
    nodes.push(messageNode(message));
  }
  log.replaceChildren(...(nodes.length ? nodes : [make("p", { class: "none" }, t("empty"))]));
  if (focused) byId(focused)?.querySelector("button, a, input")?.focus({ preventScroll: true });
  stayAtEnd();
}

// The newest message stays in view until the reader scrolls up.
let following = true;
function stayAtEnd() {
  if (following) byId("log").scrollTop = byId("log").scrollHeight;
}
byId("log").addEventListener("scroll", () => {
  const log = byId("log");
  following = log.scrollHeight - log.scrollTop - log.clientHeight < 80;
});
byId("log").addEventListener("load", stayAtEnd, true); // pictures take their room late

// One message changed: only its own node is drawn anew, so that a reader's place and focus stay.
function showOne(message) {
  const known = messages.has(message.message_id);
  messages.set(message.message_id, message);
  const node = byId(`m${message.message_id}`);
  if (known && node && !node.contains(document.activeElement)) { node.replaceWith(messageNode(message)); stayAtEnd(); }
  else show();
}

function showChat() {
  const person = chat.person;
  const name = [person.first_name, person.last_name].filter(Boolean).join(" ");
  document.title = `${name} · Rekan`;
  byId("bot").textContent = chat.bot;
  byId("person").textContent = name;
  byId("status").textContent = person.deactivated ? t("gone") : chat.blocked ? t("blocked") : "";
  byId("block").textContent = chat.blocked ? t("unblock") : t("block");
  const keys = byId("keyboard");
  keys.hidden = chat.reply_keyboard.length === 0;
  keys.replaceChildren(...chat.reply_keyboard.map((row) => make("div", {}, ...row.map((text) =>
    make("button", { type: "button", onclick: () => say(text) }, text)))));
}

async function load() {
  chat = await ask("GET", `${BASE}/chat`);
  messages.clear();
  for (const message of chat.messages) messages.set(message.message_id, message);
  showChat();
  show();
}

// ---- acting ------------------------------------------------------------------------------------------

let toastTimer;
function toast(text) {
  byId("toast").textContent = text;
  byId("toast").hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => { byId("toast").hidden = true; }, 4000);
}

async function act(action, body) {
  if (!["tap", "vote", "retract", "edit"].includes(action)) following = true;
  try { return await ask("POST", `${BASE}/${action}`, body); } catch (problem) { toast(problem.message); return null; }
}
const say = (text) => act("send", { text });

function edit(message) {
  editing = message?.message_id ?? null;
  byId("editing").hidden = editing === null;
  byId("text").value = message?.text ?? "";
  byId("text").focus();
  grow();
}

function grow() {
  const text = byId("text");
  text.rows = Math.min(6, text.value.split("\n").length);
}

const encoded = (file) => new Promise((resolve, reject) => {
  const reader = new FileReader();
  reader.addEventListener("load", () => resolve(reader.result.slice(reader.result.indexOf(",") + 1)));
  reader.addEventListener("error", () => reject(reader.error));
  reader.readAsDataURL(file);
});

byId("composer").addEventListener("submit", async (event) => {
  event.preventDefault();
  const text = byId("text").value;
  if (!text.trim()) return;
  const done = editing === null ? await say(text) : await act("edit", { message_id: editing, text });
  if (done) edit(null);
});
byId("text").addEventListener("input", grow);
byId("text").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); byId("composer").requestSubmit(); }
  if (event.key === "Escape" && editing !== null) edit(null);
});
byId("stop-editing").addEventListener("click", () => edit(null));
byId("file").addEventListener("change", async (event) => {
  const files = [...event.target.files];
  event.target.value = "";
  const pictures = files.filter((file) => /^image\/(jpeg|png|gif)$/.test(file.type));
  const album = pictures.length > 1 && pictures.length === files.length ? String(Date.now()) : null;
  for (const file of files) {
    const body = { data: await encoded(file), name: file.name, caption: byId("text").value, media_group_id: album };
    if (await act(pictures.includes(file) ? "photo" : "document", body)) edit(null);
  }
});
byId("block").addEventListener("click", async () => { await act(chat.blocked ? "unblock" : "block", {}); await load(); });

// ---- following ---------------------------------------------------------------------------------------

let typingTimer;
function heard(change) {
  if (change.kind === "action") {
    byId("typing").hidden = false;
    clearTimeout(typingTimer);
    typingTimer = setTimeout(() => { byId("typing").hidden = true; }, 5000);
    return;
  }
  if (change.kind === "callback_answer") {
    if (change.text && change.show_alert) { byId("alert-text").textContent = change.text; byId("alert").showModal(); }
    else if (change.text) toast(change.text);
    return;
  }
  byId("typing").hidden = true;
  if (change.chat_id === ID && change.message) showOne(change.message);
  if (change.kind === "pin") load();
  if (change.kind === "message" && change.by_bot) refreshKeyboard();
}

async function refreshKeyboard() {
  const last = Math.max(0, ...messages.keys());
  chat = await ask("GET", `${BASE}/chat?after=${last}`);
  showChat();
}

function follow() {
  const events = new EventSource(`${BASE}/events`);
  events.addEventListener("open", () => { load().catch((problem) => toast(problem.message)); });
  events.addEventListener("message", (event) => heard(JSON.parse(event.data)));
  events.addEventListener("error", () => toast(t("lost")));
}

whenLanguageChanges(() => { if (chat) { showChat(); show(); } });
translate();
followClock();
follow();
