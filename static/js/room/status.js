/** @file What a person's status says: available, busy (until an hour, or not), not to be disturbed. */

import { clock, t } from "../i18n.js";

const MINUTE = 60_000;

/** @typedef {Readonly<Record<string, string | undefined>>} Attributes */

/**
 * The status that holds now: a busy one ends by itself at its hour.
 * @param {Attributes} attributes
 */
export function statusNow(attributes) {
  const { status = "available", until = "" } = attributes;
  return status === "busy" && until && Number(until) <= Date.now() ? "available" : status;
}

/** @param {Attributes} attributes */
export function statusWords(attributes) {
  const status = statusNow(attributes);
  if (status === "dnd") return t("Ne pas déranger");
  if (status !== "busy") return t("Disponible");
  const until = Number(attributes.until);
  return until ? t("Occupé·e jusqu’à {hour}", { hour: clock(new Date(until)) }) : t("Occupé·e");
}

/**
 * The moment so many minutes from now, on a whole minute as the words tell it; "" for no minutes.
 * @param {number} minutes
 */
export function untilIn(minutes) {
  if (!(minutes > 0)) return "";
  const end = Date.now() + minutes * MINUTE;
  return String(minutes < 1 ? end : Math.ceil(end / MINUTE) * MINUTE);
}
