/** @file Keeps the façade, the list and the door true to who is in, from the server's event stream. */

import { announce } from "./announce.js";
import { t, tn } from "./i18n.js";
import { sentence as phaseSentence, setServerClock } from "./session-now.js";

/** @typedef {{count: number, names?: string[] | null}} Occupancy */

/** @type {Map<string, number>} */
const counts = new Map();

/** @param {number} count */
export function sentence(count) {
  return count === 0 ? t("Personne pour l’instant") : tn("{n} personne", "{n} personnes", count);
}

/**
 * @param {Element} element
 * @param {string} id
 * @param {Occupancy} office
 */
function showIn(element, id, office) {
  const quoted = CSS.escape(id);
  for (const line of element.querySelectorAll(`[data-presence="${quoted}"]`)) {
    line.setAttribute("data-count", String(office.count));
    const text = line.querySelector("[data-presence-text]");
    if (text) text.textContent = sentence(office.count);
  }
  for (const line of element.querySelectorAll(`[data-names="${quoted}"]`)) {
    line.textContent = (office.names ?? []).join(", ");
  }
  for (const hint of element.querySelectorAll(`[data-empty-hint="${quoted}"]`)) {
    hint.toggleAttribute("hidden", office.count > 0);
  }
  for (const door of element.querySelectorAll(`[data-office="${quoted}"], [data-bay="${quoted}"]`)) {
    door.toggleAttribute("data-open", office.count > 0);
  }
  const bay = element.querySelector(`[data-bay="${quoted}"]`);
  if (bay) lightWindows(bay, office.count);
}

/**
 * @param {Element} bay
 * @param {number} count
 */
function lightWindows(bay, count) {
  const windows = bay.querySelectorAll(".window");
  for (const one of windows) {
    one.classList.toggle("lit", Number(one.getAttribute("data-rank")) < count);
  }
  const more = bay.querySelector(".more");
  if (more) more.textContent = count > windows.length ? `+${count - windows.length}` : "";
}

/**
 * @param {string} id
 * @param {number} count
 */
function tell(id, count) {
  const before = counts.get(id);
  counts.set(id, count);
  if (before === undefined || before === count) return;
  const card = document.querySelector(`[data-office="${CSS.escape(id)}"]`);
  const name = card?.querySelector("h1, h3")?.textContent?.trim();
  if (name) announce(t("{office} : {count}.", { office: name, count: sentence(count) }));
}

/**
 * The offices themselves have changed: takes the new list from the page as it is now.
 * @param {Element} element
 */
async function redraw(element) {
  if (!element.querySelector(".street, .doors, .session-line")) return;
  const response = await fetch(location.href);
  if (!response.ok) return;
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const part of [".street", ".doors", ".doorway .session-line", ".greenroom .session-line"]) {
    const now = fresh.querySelector(part);
    const before = element.querySelector(part);
    if (now && before) before.replaceWith(document.adoptNode(now));
  }
}

/** @type {Record<string, import("./session-now.js").Told>} */
let sessions = {};
let shownSessions = "";

/** @param {Element} element */
function showSessions(element) {
  for (const line of element.querySelectorAll("[data-session-line]")) {
    const phase = sessions[line.getAttribute("data-session-line") ?? ""]?.phase;
    const text = line.querySelector("[data-session-now]");
    if (phase && text) text.textContent = phaseSentence(phase);
  }
}

/**
 * What runs, or what comes next, is another: takes the lines from the page as it is now.
 * @param {Element} element
 * @param {import("./session-now.js").SessionsEvent} told
 */
async function hearSessions(element, told) {
  setServerClock(told.now);
  sessions = told.offices;
  const lines = [...element.querySelectorAll("[data-session-line]")];
  if (lines.some(isStale)) await redraw(element);
  showSessions(element);
}

/**
 * Whether a line says another session, or another state, than the server has just told.
 * @param {Element} line
 */
function isStale(line) {
  const told = sessions[line.getAttribute("data-session-line") ?? ""];
  if (Boolean(told?.phase) !== line.hasAttribute("data-running")) return told?.id !== "";
  return Boolean(told?.id) && told?.id !== line.getAttribute("data-session-id");
}

/** @param {Element} element */
function listen(element) {
  const address = element.getAttribute("data-live");
  if (!address) return;
  const events = new EventSource(address);
  events.addEventListener("doors", () => void redraw(element));
  events.addEventListener("sessions", (event) => {
    if (!element.hasAttribute("hidden")) void hearSessions(element, JSON.parse(event.data));
  });
  window.setInterval(() => showSessions(element), 5000);
  events.addEventListener("presence", (event) => {
    if (element.hasAttribute("hidden")) return events.close();
    /** @type {{offices: Record<string, Occupancy>}} */
    const told = JSON.parse(event.data);
    for (const [id, office] of Object.entries(told.offices)) {
      showIn(element, id, office);
      tell(id, office.count);
    }
  });
}

for (const element of document.querySelectorAll("[data-live]")) listen(element);
