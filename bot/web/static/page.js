// What a page does more than links and forms do: numbers that change by themselves, and keys for next and
// previous. Everything works without it.
"use strict";

const EVERY = 4000; // milliseconds between two looks, at least
const SHARE = 20; // times as long as a look takes passes to the next: numbers that take long come less often

async function refresh(place) {
  let answer;
  try {
    answer = await fetch(place.dataset.live, { credentials: "same-origin", headers: { Accept: "text/html" } });
  } catch {
    return; // away for a moment: the next look tells
  }
  if (answer.status === 401) location.reload();
  if (!answer.ok) return;
  const html = await answer.text();
  if (html !== place.dataset.last) {
    place.dataset.last = html;
    // The server's own page, made by the same templates: text in it is escaped there.
    place.innerHTML = html;
  }
  // The page around it knows an earlier stage: what can be done there is another thing now.
  const stage = place.querySelector("[data-stage]")?.dataset.stage;
  if (stage !== undefined && stage !== place.dataset.stage && !typing(document.activeElement)) location.reload();
}

async function live(place) {
  let took = 0;
  for (;;) {
    await new Promise((done) => setTimeout(done, Math.max(EVERY, SHARE * took)));
    // Nobody looks, or somebody is in the middle of something there.
    if (document.hidden || place.contains(document.activeElement)) continue;
    const began = performance.now();
    await refresh(place);
    took = performance.now() - began;
  }
}

function typing(target) {
  return target instanceof Element && target.closest("input, select, textarea, [contenteditable]") !== null;
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || typing(event.target)) return;
  const wanted = { j: "next", n: "next", k: "prev", p: "prev" }[event.key];
  const link = wanted && document.querySelector(`main a[rel="${wanted}"]`);
  if (link) link.click();
}

for (const place of document.querySelectorAll("[data-live]")) live(place);
document.addEventListener("keydown", onKey);
