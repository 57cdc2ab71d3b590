/** @file Served as /sw.js: shows a notice when one is pushed, and opens its page when pressed. */

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
async function open(url) {
  const pages = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
  const there = pages.find((/** @type {any} */ page) => page.url.split(/[?#]/)[0] === url);
  await (there ? there.focus() : worker.clients.openWindow(url));
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
    data: { url: ours(path) },
  });
  event.waitUntil(shown);
});

worker.addEventListener("notificationclick", (/** @type {any} */ event) => {
  event.notification.close();
  event.waitUntil(open(ours(event.notification.data?.url)));
});
