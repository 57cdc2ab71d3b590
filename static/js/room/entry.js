/** @file Asking the house for the right to enter an office. */

import { t } from "../i18n.js";

/**
 * @typedef {object} Entry
 * @property {string} url
 * @property {string} token
 * @property {string} identity
 * @property {string} name
 * @property {string} room
 */

/** The house said no, in a sentence; asking again would not help. */
export class EntryRefused extends Error {}

/**
 * @param {HTMLElement} root
 * @param {string} name
 * @returns {Promise<Entry>}
 * @throws {EntryRefused} with the house's sentence
 */
export async function askEntry(root, name) {
  let response;
  try {
    response = await fetch(root.dataset.entrerUrl ?? "", {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRF-Token": root.dataset.csrf ?? "" },
      body: JSON.stringify({ name }),
    });
  } catch {
    throw new Error(t("La maison ne répond pas. Vérifiez votre connexion, puis réessayez."));
  }
  if (response.ok) return response.json();
  const body = await response.json().catch(() => ({}));
  const sentence = body.message || t("La porte n’a pas pu s’ouvrir. Réessayez dans un instant.");
  if (response.status >= 500 || response.status === 429) throw new Error(sentence);
  throw new EntryRefused(sentence);
}
