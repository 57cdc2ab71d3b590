/** @file Where a session is, in words, from what the event stream says and by the server's clock. */

import { t } from "./i18n.js";

/**
 * @typedef {object} Phase
 * @property {string} kind
 * @property {number} begins Unix milliseconds, by the server's clock
 * @property {number} ends
 * @property {string | null} next
 * @property {boolean} quiet microphones are closed
 */

/**
 * @typedef {object} Told what runs in one office or begins soon
 * @property {string} id "" when it is by invitation
 * @property {{fr: string, en: string}} title
 * @property {number} starts
 * @property {number} ends
 * @property {number | null} following
 * @property {Phase | null} phase null before it begins
 */

/** @typedef {{now: number, offices: Record<string, Told>}} SessionsEvent */

let ahead = 0;

/** @param {number} serverNow what the server's clock shows at this moment */
export function setServerClock(serverNow) {
  ahead = serverNow - Date.now();
}

/** The server's clock, Unix milliseconds. */
export function serverNow() {
  return Date.now() + ahead;
}

/** @param {string} kind */
export function phaseName(kind) {
  return (
    {
      arrivals: t("Arrivées"),
      focus: t("Concentration"),
      break: t("Pause"),
      talk: t("Présentation"),
      debrief: t("Bilan"),
    }[kind] ?? ""
  );
}

/**
 * Whole minutes until then, one at least.
 * @param {number} then
 */
export function minutesUntil(then) {
  return Math.max(1, Math.ceil((then - serverNow()) / 60_000));
}

/**
 * What comes, such as "Pause dans 7 min".
 * @param {Phase} phase
 */
export function whatComes(phase) {
  const minutes = minutesUntil(phase.ends);
  return phase.next
    ? t("{phase} dans {minutes} min", { phase: phaseName(phase.next), minutes })
    : t("Fin dans {minutes} min", { minutes });
}

/**
 * The phase and what comes, such as "Concentration, pause dans 7 min".
 * @param {Phase} phase
 */
export function sentence(phase) {
  return `${phaseName(phase.kind)}, ${whatComes(phase).toLowerCase()}`;
}

/** @param {Told} told */
export function titleOf(told) {
  return document.documentElement.lang.startsWith("fr") ? told.title.fr : told.title.en;
}
