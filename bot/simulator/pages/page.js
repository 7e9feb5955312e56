// What both pages share: words in two languages, requests, the clock. Every text goes in as text.
"use strict";

const WORDS = {
  id: {
    peopleTitle: "Simulasi: pilih peserta", peopleHint: "Pilih seorang peserta untuk melihat dan ikut dalam percakapannya.",
    search: "Cari", nobody: "Belum ada peserta.", newPerson: "Peserta baru", name: "Nama", add: "Tambah", back: "Kembali ke daftar",
    youAre: "Anda bertindak sebagai", messages: "Percakapan", write: "Tulis pesan", send: "Kirim", attach: "Lampirkan berkas",
    editing: "Mengubah pesan", cancel: "Batal", close: "Tutup", edit: "ubah", edited: "diubah", deleted: "pesan dihapus",
    block: "Blokir", unblock: "Buka blokir", blocked: "(bot diblokir)", gone: "(akun dihapus)", typing: "sedang mengetik …",
    quiz: "Kuis", poll: "Jajak pendapat", multiple: "boleh lebih dari satu jawaban", anonymous: "anonim", closed: "ditutup",
    answer: "Jawab", retract: "Tarik jawaban", yours: "jawaban Anda", right: "benar", wrong: "salah", spoiler: "Tampilkan teks tersembunyi",
    empty: "Belum ada pesan. Tulis /start untuk memulai.", pause: "Jeda", resume: "Lanjut", speed: "Kecepatan", atOnce: "secepatnya",
    paused: "dijeda", count: "pesan", pinned: "disematkan", reply: "membalas", place: "Lokasi", forwarded: "diteruskan",
    lost: "Sambungan ke simulasi terputus; mencoba lagi …", other: "English", service: "pemberitahuan",
  },
  en: {
    peopleTitle: "Simulation: choose a participant", peopleHint: "Choose a participant to see their chat and join in.",
    search: "Search", nobody: "Nobody here yet.", newPerson: "New participant", name: "Name", add: "Add", back: "Back to the list",
    youAre: "You act as", messages: "Chat", write: "Write a message", send: "Send", attach: "Attach a file",
    editing: "Editing a message", cancel: "Cancel", close: "Close", edit: "edit", edited: "edited", deleted: "message deleted",
    block: "Block", unblock: "Unblock", blocked: "(bot blocked)", gone: "(account deleted)", typing: "typing …",
    quiz: "Quiz", poll: "Poll", multiple: "several answers allowed", anonymous: "anonymous", closed: "closed",
    answer: "Answer", retract: "Retract vote", yours: "your answer", right: "right", wrong: "wrong", spoiler: "Show hidden text",
    empty: "No messages yet. Write /start to begin.", pause: "Pause", resume: "Resume", speed: "Speed", atOnce: "at once",
    paused: "paused", count: "messages", pinned: "pinned", reply: "reply", place: "Place", forwarded: "forwarded",
    lost: "Connection to the simulation lost; trying again …", other: "Indonesia", service: "notice",
  },
};

let language = "id";
try { language = localStorage.getItem("rekan-language") === "en" ? "en" : "id"; } catch { /* storage is off: Indonesian */ }
const t = (key) => WORDS[language][key] ?? key;
const byId = (id) => document.getElementById(id);

function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "onclick") node.addEventListener("click", value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

async function ask(method, path, body) {
  const options = { method, headers: {} };
  if (body !== undefined) {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  const response = await fetch(path, options);
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error ?? response.statusText);
  return answer;
}

function translate() {
  document.documentElement.lang = language;
  for (const node of document.querySelectorAll("[data-t]")) node.textContent = t(node.dataset.t);
  for (const node of document.querySelectorAll("[data-t-label]")) node.setAttribute("aria-label", t(node.dataset.tLabel));
  for (const node of document.querySelectorAll("[data-t-title]")) node.title = t(node.dataset.tTitle);
  for (const node of document.querySelectorAll("[data-t-placeholder]")) node.placeholder = t(node.dataset.tPlaceholder);
  byId("language").textContent = t("other");
  byId("language").lang = language === "id" ? "en" : "id";
}

function whenLanguageChanges(redraw) {
  byId("language").addEventListener("click", () => {
    language = language === "id" ? "en" : "id";
    try { localStorage.setItem("rekan-language", language); } catch { /* it holds for this page only */ }
    translate();
    redraw();
  });
}

const locale = () => (language === "id" ? "id-ID" : "en-GB");
const clockText = (when) => new Intl.DateTimeFormat(locale(), { dateStyle: "full", timeStyle: "medium" }).format(when);

// Simulated time: shown and steered only where there is some.
const SPEEDS = [1, 10, 60, 600, 3600, 0];
async function followClock() {
  const bar = byId("clock");
  let state;
  try { state = await ask("GET", "/control/clock"); } catch { return; }
  if (!state.simulated) return;
  const now = make("time");
  const pause = make("button", { type: "button", onclick: () => steer({ paused: !state.paused }) });
  const speed = make("select");
  speed.addEventListener("change", () => steer({ speed: Number(speed.value) }));
  bar.append(now, pause, speed);
  bar.hidden = false;
  const show = () => {
    now.textContent = clockText(new Date(state.now)) + (state.paused ? ` (${t("paused")})` : "");
    now.dateTime = state.now;
    pause.textContent = state.paused ? t("resume") : t("pause");
    const current = state.speed ?? 0;
    const offered = SPEEDS.includes(current) ? SPEEDS : [current, ...SPEEDS];
    speed.setAttribute("aria-label", t("speed"));
    if (document.activeElement !== speed) {
      speed.replaceChildren(...offered.map((value) => make("option", { value, selected: value === current }, value ? `${value}×` : t("atOnce"))));
    }
  };
  const steer = async (change) => { state = await ask("POST", "/control/clock", change); show(); };
  show();
  setInterval(async () => { try { state = await ask("GET", "/control/clock"); show(); } catch { /* the page says so elsewhere */ } }, 1000);
}
