/** @file The account page's switch for notices on this device; hidden where there can be none. */

import { announce } from "./announce.js";
import { byId } from "./dom.js";
import { t } from "./i18n.js";
import { askAgain } from "./push-again.js";

const WORKER = "/sw.js";

const part = byId("push", HTMLElement);
const box = byId("push-switch", HTMLInputElement);
const problem = byId("push-problem", HTMLElement);

/** What stands in the way, said as it is to be read. */
class Refusal extends Error {}

/**
 * @param {string} path
 * @param {unknown} body
 */
async function post(path, body) {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRF-Token": part.dataset.csrf ?? "" },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Refusal((await answer.json()).message);
}

async function subscription() {
  const registered = await navigator.serviceWorker.getRegistration(WORKER);
  return (await registered?.pushManager.getSubscription()) ?? null;
}

/**
 * Whether that subscription is for the key that the server has now: with another it is of no use.
 * @param {PushSubscription | null} made
 */
function isOurs(made) {
  const key = made?.options?.applicationServerKey;
  if (!key) return made !== null;
  const text = btoa(String.fromCharCode(...new Uint8Array(key)));
  return text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "") === part.dataset.key;
}

async function turnOn() {
  const permission = await Notification.requestPermission();
  if (permission === "denied") {
    throw new Refusal(
      t(
        "Votre navigateur refuse les notifications de ce site. Permettez-les dans ses réglages (l’icône à gauche de l’adresse), puis recommencez.",
      ),
    );
  }
  if (permission !== "granted") {
    throw new Refusal(t("Sans votre permission, rien n’est envoyé. Recommencez quand vous voudrez."));
  }
  await navigator.serviceWorker.register(WORKER);
  const { pushManager } = await navigator.serviceWorker.ready;
  await (await pushManager.getSubscription())?.unsubscribe(); // it may be for another key
  const made = await pushManager.subscribe({
    userVisibleOnly: true,
    applicationServerKey: part.dataset.key ?? "",
  });
  await post("/compte/notifications", made.toJSON());
}

async function turnOff() {
  await post("/compte/notifications/arreter", {});
  await (await subscription())?.unsubscribe();
}

async function change() {
  const wanted = box.checked;
  problem.hidden = true;
  box.disabled = true;
  try {
    await (wanted ? turnOn() : turnOff());
    announce(
      wanted
        ? t("Cet appareil recevra vos rappels.")
        : t("Cet appareil ne recevra plus de notifications."),
    );
  } catch (error) {
    box.checked = !wanted;
    problem.textContent =
      error instanceof Refusal
        ? error.message
        : t("Cela n’a pas marché. Vérifiez votre connexion et recommencez.");
    problem.hidden = false; // an alert: it is read out
  }
  box.disabled = false;
  box.focus();
}

async function show() {
  const known = part.dataset.on === "1";
  const live = Notification.permission === "granted" && isOurs(await subscription());
  box.checked = (known && live) || (await askAgain(true));
  part.hidden = false;
  box.addEventListener("change", () => void change());
}

if (
  "serviceWorker" in navigator &&
  "PushManager" in window &&
  "Notification" in window &&
  window.isSecureContext
) {
  void show();
} else if (/** @type {any} */ (navigator).standalone === false) {
  // Only Safari on iPhone and iPad says so: there, notices are for applications on the home screen.
  byId("push-install", HTMLElement).hidden = false;
}
