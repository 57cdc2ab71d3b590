/** @file Served as /sw.js: shows a notice when one is pushed, and opens its page when pressed. */

const NOTICES = "/compte/notifications";

const worker = /** @type {any} */ (globalThis);

/** A page of ours; what points elsewhere leads home. @param {unknown} path */
function ours(path) {
  const url = new URL(typeof path === "string" ? path : "/", worker.location.origin);
  return url.origin === worker.location.origin ? url.href : worker.location.origin;
}

/** @param {any} event */
function said(event) {
  try {
    return event.data?.json() ?? {};
  } catch {
    return {};
  }
}

/** @param {string} url */
function withoutRest(url) {
  return url.split(/[?#]/)[0];
}

/** @param {string} url */
async function open(url) {
  const pages = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
  const wanted = withoutRest(url);
  const there = pages.find((/** @type {any} */ page) => withoutRest(page.url) === wanted);
  await (there ? there.focus() : worker.clients.openWindow(url));
}

/** Tells the server the device's new address, if notices were asked for by who is signed in. */
async function subscribeAgain() {
  const asked = await fetch(NOTICES, { headers: { Accept: "application/json" } });
  if (!asked.ok || asked.redirected) return;
  const { wanted, key, csrf } = await asked.json();
  if (!wanted) return; // it may be that no address is known by now: the old one has answered 410
  const made = await worker.registration.pushManager.subscribe({
    userVisibleOnly: true,
    applicationServerKey: key,
  });
  await fetch(NOTICES, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRF-Token": csrf },
    body: JSON.stringify(made.toJSON()),
  });
}

// A new version replaces the old one at once: nothing is kept between them.
worker.addEventListener("install", () => worker.skipWaiting());

worker.addEventListener("push", (/** @type {any} */ event) => {
  const { title, body, path, lang, tag } = said(event);
  // Browsers want something shown for each push, even one that says nothing.
  const shown = worker.registration.showNotification(title || "Moulin", {
    body: body || "",
    lang: lang || "",
    tag: tag || "moulin",
    icon: "/static/now/img/icon-192.png",
    data: { url: ours(path) },
  });
  event.waitUntil(shown);
});

worker.addEventListener("notificationclick", (/** @type {any} */ event) => {
  event.notification.close();
  event.waitUntil(open(ours(event.notification.data?.url)));
});

// The push service gave the device another address, or ended the one it had.
worker.addEventListener("pushsubscriptionchange", (/** @type {any} */ event) => {
  event.waitUntil(subscribeAgain());
});
