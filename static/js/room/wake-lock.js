/** @file Keeps the screen of a phone awake while one is inside and looking. */

/** @type {WakeLockSentinel | null} */
let lock = null;

async function hold() {
  if (document.visibilityState !== "visible" || !navigator.wakeLock) return;
  try {
    lock = await navigator.wakeLock.request("screen");
  } catch {
    lock = null; // a low battery may refuse: the room goes on
  }
}

export function startWakeLock() {
  void hold();
  document.addEventListener("visibilitychange", () => {
    if (!lock || lock.released) void hold();
  });
}
