/**
 * @file Asks again for the notices that this device wants and lost while it was away, without a word.
 *
 * Only where the browser still permits them, so that it asks nobody anything.
 */

const NOTICES = "/compte/notifications";
const LOOKED = "moulin.push-looked";
const REST_MS = 3_600_000;

/** @type {Promise<boolean> | null} */
let looking = null;

/** Whether the last look was a while ago: what is lost waits an hour at most, from page to page. */
function isTime() {
  try {
    const since = Date.now() - Number(localStorage.getItem(LOOKED));
    if (since >= 0 && since < REST_MS) return false;
    localStorage.setItem(LOOKED, String(Date.now()));
    return true;
  } catch {
    return false; // without storage: on the account page only
  }
}

async function look() {
  const registered = await navigator.serviceWorker.getRegistration("/sw.js");
  if (!registered) return false; // notices were never asked for here
  const { pushManager } = registered;
  const had = await pushManager.getSubscription();
  const asked = await fetch(NOTICES, { headers: { Accept: "application/json" } });
  if (!asked.ok || asked.redirected) return false;
  const { on, wanted, key, csrf } = await asked.json();
  if (!wanted || (on && had)) return false;
  await had?.unsubscribe(); // its address is the one that the push service knows no more
  const made = await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  const kept = await fetch(NOTICES, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRF-Token": csrf },
    body: JSON.stringify(made.toJSON()),
  });
  return kept.ok;
}

/**
 * Looks once a page, once an hour, or `atOnce`; whether the device gets notices again.
 * @param {boolean} [atOnce]
 */
export async function askAgain(atOnce = false) {
  if (!("serviceWorker" in navigator) || Notification.permission !== "granted") return false;
  if (!looking && (atOnce || isTime())) looking = look().catch(() => false);
  return (await looking) ?? false;
}
