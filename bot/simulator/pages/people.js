"use strict";

let everybody = [];

function show() {
  const wanted = byId("search").value.trim().toLowerCase();
  const name = (person) => [person.first_name, person.last_name].filter(Boolean).join(" ");
  const found = everybody.filter((person) => `${name(person)} ${person.user_id}`.toLowerCase().includes(wanted));
  byId("people").replaceChildren(...found.map((person) => make("li", {},
    make("a", { href: `/people/${person.user_id}` }, name(person), make("span", {}, `${person.messages} ${t("count")}`)))));
  byId("nobody").hidden = everybody.length > 0;
}

async function load() {
  try { everybody = await ask("GET", "/control/people"); show(); } catch { /* the server is gone; try again later */ }
}

byId("search").addEventListener("input", show);
byId("new").addEventListener("submit", async (event) => {
  event.preventDefault();
  const highest = Math.max(900000000, ...everybody.map((person) => person.user_id));
  const person = await ask("POST", "/control/people", { user_id: highest + 1, first_name: byId("name").value.trim(), language_code: language });
  location.href = `/people/${person.user_id}`;
});
whenLanguageChanges(show);
translate();
followClock();
load();
setInterval(load, 3000);
