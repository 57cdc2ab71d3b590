/** @file Passkeys: making one on the account page, signing in with one; hidden where unknown. */

import { announce } from "./announce.js";
import { t } from "./i18n.js";

/** @param {string} text base64url */
function bytes(text) {
  const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
}

/** @param {ArrayBuffer | null | undefined} buffer */
function text(buffer) {
  if (!buffer) return undefined;
  const plain = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

/**
 * @param {HTMLElement} button
 * @param {string} path
 * @param {unknown} body
 */
async function post(button, path, body) {
  const answer = await fetch(path, {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      "X-CSRF-Token": button.dataset.csrf ?? "",
    },
    body: JSON.stringify(body),
  });
  const said = await answer.json();
  if (!answer.ok) throw new Error(said.message);
  return said;
}

/** @param {any} options @returns {Promise<object>} */
async function make(options) {
  const made = await navigator.credentials.create({
    publicKey: {
      ...options,
      challenge: bytes(options.challenge),
      user: { ...options.user, id: bytes(options.user.id) },
      excludeCredentials: (options.excludeCredentials ?? []).map(
        (/** @type {any} */ each) => ({ ...each, id: bytes(each.id) }),
      ),
    },
  });
  return sent(/** @type {PublicKeyCredential} */ (made), ["clientDataJSON", "attestationObject"]);
}

/** @param {any} options @returns {Promise<object>} */
async function use(options) {
  const found = await navigator.credentials.get({
    publicKey: { ...options, challenge: bytes(options.challenge), allowCredentials: [] },
  });
  const parts = ["clientDataJSON", "authenticatorData", "signature", "userHandle"];
  return sent(/** @type {PublicKeyCredential} */ (found), parts);
}

/**
 * What the server reads of a credential, its bytes as text.
 * @param {PublicKeyCredential} credential @param {string[]} parts of its response
 */
function sent(credential, parts) {
  const response = /** @type {any} */ (credential.response);
  return {
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    response: Object.fromEntries(parts.map((each) => [each, text(response[each])])),
  };
}

/** @param {HTMLElement} button */
async function press(button) {
  const { options: from, finish, next } = button.dataset;
  const problem = document.getElementById("passkey-problem");
  if (problem) problem.hidden = true;
  try {
    const options = await post(button, from ?? "", {});
    const credential = await (button.dataset.passkey === "make" ? make(options) : use(options));
    const said = await post(button, finish ?? "", { credential, next });
    location.assign(said.next);
  } catch {
    const words = t("La clé n’a pas servi. Recommencez, ou demandez un lien par courriel.");
    announce(words);
    if (problem) {
      problem.textContent = words;
      problem.hidden = false;
    }
  }
}

for (const button of document.querySelectorAll("[data-passkey]")) {
  if (!(button instanceof HTMLElement) || !("PublicKeyCredential" in window)) continue;
  for (const part of document.querySelectorAll("[data-passkey-part]")) {
    if (part instanceof HTMLElement) part.hidden = false;
  }
  button.addEventListener("click", () => void press(button));
}
