/** @file The page's words: French is the source, the page carries the other language's catalog. */

/** @type {Record<string, string | string[]>} */
let catalog = {};
const source = document.getElementById("messages");
if (source) catalog = JSON.parse(source.textContent || "{}");

const french = document.documentElement.lang.startsWith("fr");

/**
 * @param {string} text
 * @param {Record<string, string | number>} values
 */
function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, key) => String(values[key] ?? whole));
}

/**
 * The text in the page's language, its {braces} filled.
 * @param {string} text
 * @param {Record<string, string | number>} [values]
 */
export function t(text, values = {}) {
  const found = catalog[text];
  return fill((Array.isArray(found) ? found[0] : found) || text, values);
}

/**
 * The singular or the plural, `{n}` being the number (French counts zero as singular).
 * @param {string} one
 * @param {string} many
 * @param {number} n
 * @param {Record<string, string | number>} [values]
 */
export function tn(one, many, n, values = {}) {
  const single = french ? Math.abs(n) < 2 : n === 1;
  const found = catalog[one];
  const forms = Array.isArray(found) && found.length > 1 ? found : [one, many];
  return fill(String(single ? forms[0] : forms[1]), { n, ...values });
}

/**
 * A list as a sentence says it: "Léa, Amadou et Zoé".
 * @param {string[]} names
 */
export function list(names) {
  return new Intl.ListFormat(document.documentElement.lang, { type: "conjunction" }).format(names);
}

/**
 * A time of day as server/web/hours.py writes it: "9 h", "9 h 05"; "9 a.m.", "9:05 a.m.".
 * @param {Date} date
 */
export function clock(date) {
  const hour = date.getHours();
  const minute = date.getMinutes();
  const minutes = String(minute).padStart(2, "0");
  if (french) return `${hour}\u00a0h` + (minute ? `\u00a0${minutes}` : "");
  const past = minute ? `:${minutes}` : "";
  return `${hour % 12 || 12}${past}\u00a0${hour < 12 ? "a.m." : "p.m."}`;
}

/**
 * A day and its hour: "lundi 23 novembre, 9 h".
 * @param {Date} date
 */
export function dayAndHour(date) {
  const day = date.toLocaleDateString(document.documentElement.lang, {
    weekday: "long",
    day: "numeric",
    month: "long",
  });
  return `${day}, ${clock(date)}`;
}
