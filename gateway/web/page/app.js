// Koppi's first page: sign in as somebody, the worklist, one matter at a time.
import { concern, dev, Refusal, session } from "./api.js";
import { el, say } from "./dom.js";
import { newReport, refusal } from "./forms.js";
import { due, short, showMatter, turn } from "./matter.js";
import { watch } from "./watch.js";
import { language, setLanguage, t } from "./words.js";

const people = [
  { agency: "kela", unit: "toimeentulotuki", worker: "kela-17", role: "benefit_handler" },
  { agency: "hva-pohjois-savo", unit: "palveluohjaus", worker: "ps-04", role: "service_guide" },
  { agency: "hva-pohjois-savo", unit: "tyoikaiset-kuopio", worker: "ps-21", role: "social_worker" },
  { agency: "terveys-pohjois-savo", unit: "terveysasema-kuopio", worker: "tk-02", role: "health_professional" },
  { agency: "etsiva-kuopio", unit: "etsiva", worker: "en-03", role: "youth_worker" },
  { agency: "tyollisyys-kuopio", unit: "tyollisyys", worker: "ty-09", role: "employment_officer" },
];
const main = document.getElementById("main");
// missed: something has changed and was not looked at yet; cut: the line is down.
const state = { person: null, places: {}, refused: null, sent: false, matters: [], open: null, writing: false, fresh: 0, missed: false, cut: false };
let watching = new AbortController();

function words() {
  for (const node of document.querySelectorAll("[data-t]")) node.textContent = t(node.dataset.t);
  document.getElementById("language").value = language();
}

function signInPage() {
  document.getElementById("who").replaceChildren();
  const { signIn = [], trial } = state.places;
  const parts = [el("h2", {}, t(trial ? "signInAs" : "signIn")), state.refused && refusal(state.refused)];
  if (signIn.length) parts.push(el("ul", { class: "people" }, signIn.map((place) => el("li", {}, el("a", { class: "button", href: `${place.url}&to=/` }, place.name[language()])))));
  if (trial) {
    parts.push(el("p", { class: "hint" }, t("signInHint")), el("ul", { class: "people" }, people.map((person) => el("li", {},
      el("button", { type: "button", "data-worker": person.worker, onclick: () => signInAs(person) }, person.worker, el("small", {}, `${t(person.role)}, ${t(person.agency)}`))))));
  }
  main.replaceChildren(...parts.filter(Boolean));
}

// begin shows a person's work, and stays with it.
async function begin(person) {
  Object.assign(state, { person, refused: null, sent: person.agency === "kela", open: null, writing: false });
  await load();
  if (state.person) follow();
  main.focus();
}

async function signInAs(person) {
  try {
    const { token } = await dev("IssueToken", person);
    await begin(await session.begin(token));
  } catch (error) {
    main.prepend(refusal(error));
  }
}

// leave shows where one can sign in, and why somebody is no longer.
async function leave(refused = null) {
  watching.abort();
  Object.assign(state, { person: null, refused, matters: [], open: null, writing: false });
  state.places = await session.who().catch(() => ({}));
  render();
}

async function signOut() {
  const answer = await session.end().catch(() => ({}));
  if (answer.continue) location.assign(answer.continue);
  else await leave();
}

// start shows who is signed in already, or where one can.
async function start() {
  const refused = new URLSearchParams(location.search).get("refused");
  if (refused) history.replaceState(null, "", "/");
  state.places = await session.who().catch((error) => ({ refused: error }));
  state.refused = state.places.refused ?? (refused && new Refusal("", refused));
  if (state.places.person) await begin(state.places.person).catch(leave);
  else render();
}

async function list() {
  const answer = await concern("ListConcerns", { sent: state.sent });
  return answer.concerns ?? [];
}

// over says that nobody is signed in any more.
const over = ["SESSION_ENDED", "TOKEN_REQUIRED", "TOKEN_EXPIRED"];

async function load() {
  try {
    state.matters = await list();
    state.fresh = 0;
    if (state.open) state.open = (await concern("GetConcern", { concernId: state.open.concernId })).concern;
  } catch (error) {
    if (!over.includes(error.reason)) throw error;
    await leave(error);
  }
  render();
}

function who() {
  const { person } = state;
  const move = (seconds) => async () => { await dev("AdvanceClock", { by: `${seconds}s` }); await load(); };
  document.getElementById("who").replaceChildren(
    el("strong", {}, person.worker), ` ${t(person.role)}, ${t(person.agency)} `,
    el("button", { class: "plain", type: "button", onclick: signOut }, t("signOut")),
    person.trial && el("span", { class: "hint" }, ` ${t("clock")}: `, el("button", { class: "plain", onclick: move(3600) }, t("hours")),
      el("button", { class: "plain", onclick: move(3 * 86400) }, t("days")), el("button", { class: "plain", onclick: move(14 * 86400) }, t("weeks"))));
}

function rowOf(matter) {
  const open = state.open?.concernId === matter.concernId;
  return el("li", {}, el("a", { href: `#${matter.concernId}`, "aria-current": open ? "true" : null, "data-id": matter.concernId, onclick: (event) => { event.preventDefault(); openMatter(matter.concernId); } },
    el("strong", {}, `${t("concern")} · ${(matter.topics ?? []).map(t).join(", ") || "–"}`), " ", el("span", { class: "hint id" }, `${t("client")} ${short(matter.clientId)}`),
    el("span", { class: "row2" }, el("span", { class: "mark" }, t(matter.status.phase)), el("span", {}, turn(matter, state.person)), due(matter), matter.urgency !== "URGENCY_NORMAL" && el("strong", {}, t(matter.urgency)))));
}

function tabs() {
  const tab = (sent, label) => el("button", { type: "button", "aria-pressed": String(state.sent === sent), onclick: () => { Object.assign(state, { sent, open: null, writing: false }); load(); } }, t(label));
  return el("div", { class: "bar tabs" }, tab(false, "worklist"), tab(true, "sent"),
    el("button", { type: "button", class: "first", id: "new", onclick: () => { Object.assign(state, { writing: true, open: null }); render(); } }, t("newReport")));
}

function detail() {
  const close = () => { Object.assign(state, { writing: false, open: null }); render(); };
  if (state.writing) {
    return newReport(state.person, async (matter) => { Object.assign(state, { writing: false, sent: true, open: matter }); await load(); say(t("sentOk")); }, close);
  }
  return state.open ? showMatter(state.open, state.person, load, close) : el("p", { class: "hint wide" }, t("choose"));
}

function render() {
  words();
  if (!state.person) return signInPage();
  who();
  const place = document.activeElement?.dataset?.id;
  main.replaceChildren(tabs(), el("div", { class: state.open || state.writing ? "split open" : "split" },
    el("section", { class: "list", "aria-label": t(state.sent ? "sent" : "worklist") },
      state.cut && el("p", { class: "cut", role: "status" }, t("cut")),
      state.fresh > 0 && el("button", { type: "button", id: "fresh", onclick: load }, `${state.fresh} ${t("arrived")}`),
      state.matters.length ? el("ul", { class: "rows" }, state.matters.map(rowOf)) : el("p", {}, t("nothingHere")), el("p", { class: "hint wide" }, t("keys"))),
    el("section", {}, detail())));
  if (place) main.querySelector(`[data-id="${place}"]`)?.focus();
  if (state.missed) miss();
}

async function openMatter(concernId) {
  state.writing = false;
  state.open = (await concern("GetConcern", { concernId })).concern;
  render();
  main.querySelector("article h2")?.focus();
}

const busy = () => state.writing || main.querySelector("form") || document.visibilityState !== "visible";

// What arrives does not move what is read: it is announced, and shown on a click.
// Who is writing is not disturbed.
async function look() {
  if (!state.person || busy()) return;
  state.missed = false;
  try {
    const now = await list();
    const known = new Map(state.matters.map((matter) => [matter.concernId, matter]));
    const fresh = now.filter((matter) => !known.has(matter.concernId)).length;
    const changed = now.some((matter) => known.has(matter.concernId) && known.get(matter.concernId).etag !== matter.etag);
    // What was entered in error leaves the list, and what is open of it is a tombstone.
    const gone = state.matters.some((matter) => !now.some((other) => other.concernId === matter.concernId));
    if (changed || gone) await load();
    else if (fresh !== state.fresh) { state.fresh = fresh; render(); }
  } catch (error) {
    if (over.includes(error.reason)) await leave(error);
    // Shown when somebody acts; the next change looks again.
    else state.missed = true;
  }
}

let soon;
function miss() {
  state.missed = true;
  clearTimeout(soon);
  soon = setTimeout(() => { if (state.missed) look(); }, 100);
}

function cut(down) {
  if (state.cut === down) return;
  state.cut = down;
  if (!busy()) render();
}

// follow keeps the page up with what changes, until somebody else signs in.
function follow() {
  watching.abort();
  watching = new AbortController();
  watch(watching.signal, {
    live: () => { cut(false); miss(); },
    changed: ({ subject, etag }) => { if (!state.matters.some((matter) => `concerns/${matter.concernId}` === subject && matter.etag === etag)) miss(); },
    cut: () => { cut(true); miss(); },
  });
}

document.addEventListener("visibilitychange", () => { if (state.missed) look(); });
document.addEventListener("keydown", (event) => {
  if (!["j", "k", "."].includes(event.key) || event.target.matches("input, textarea, select")) return;
  if (event.key === ".") return void load();
  const rows = [...main.querySelectorAll(".rows a")];
  const next = rows.indexOf(document.activeElement) + (event.key === "j" ? 1 : -1);
  rows[Math.min(Math.max(next, 0), rows.length - 1)]?.focus();
});
document.getElementById("language").addEventListener("change", (event) => { setLanguage(event.target.value); render(); });
setLanguage("fi");
render();
start();
