// The presenter page: what is on it is fetched anew every second, and only what has changed is replaced.
"use strict";

const EVERY = 1000; // milliseconds
const AWAY = 5000; // after which it is said that the bot cannot be reached: a code would be an old one

const screen_ = document.querySelector("[data-presenter]");
const away = document.getElementById("away");
let heard = performance.now();

function show(html) {
  const fresh = document.createElement("template");
  // The server's own page, made by the same templates: text in it is escaped there.
  fresh.innerHTML = html;
  const wanted = [...fresh.content.querySelectorAll("[data-region]")];
  const old = new Map([...screen_.children].map((each) => [each.dataset.region, each]));
  for (const [place, region] of wanted.entries()) {
    const there = old.get(region.dataset.region);
    old.delete(region.dataset.region);
    const same = there !== undefined && (there.dataset.last ?? there.innerHTML) === region.innerHTML;
    const next = same ? there : region;
    if (!same) region.dataset.last = region.innerHTML;
    if (there !== undefined && !same) there.replaceWith(region);
    if (screen_.children[place] !== next) screen_.insertBefore(next, screen_.children[place] ?? null);
  }
  for (const gone of old.values()) gone.remove();
}

async function look() {
  try {
    const answer = await fetch(screen_.dataset.presenter, {
      credentials: "same-origin",
      headers: { Accept: "text/html" },
      signal: AbortSignal.timeout(AWAY),
    });
    if (answer.status === 401 || answer.status === 404) location.reload();
    if (answer.ok) {
      show(await answer.text());
      heard = performance.now();
    }
  } catch {
    // Away for a moment: the next look tells.
  }
  away.hidden = performance.now() - heard < AWAY;
  setTimeout(look, EVERY);
}

async function stayOn() {
  try {
    await navigator.wakeLock?.request("screen");
  } catch {
    // A battery that is nearly empty, or a browser that does not know it.
  }
}

const full = document.getElementById("full");
full.hidden = !document.fullscreenEnabled;
full.addEventListener("click", () => document.documentElement.requestFullscreen());
document.addEventListener("fullscreenchange", () => { full.hidden = document.fullscreenElement !== null; });
document.addEventListener("visibilitychange", () => { if (!document.hidden) stayOn(); });
stayOn();
setTimeout(look, EVERY);
