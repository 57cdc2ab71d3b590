/** @file The form of a session: days and end of a series are asked once it is said to come back. */

const fold = document.getElementById("series");
const details = fold?.querySelector("fieldset");
const frequency = document.getElementById("frequency");

/** What counts for nothing is neither shown nor checked by the browser. */
function follow() {
  if (!(fold instanceof HTMLDetailsElement) || !details) return;
  if (!(frequency instanceof HTMLSelectElement)) return;
  const comesBack = frequency.value !== "";
  fold.hidden = details.disabled = !comesBack;
  if (comesBack) fold.open = true;
}

frequency?.addEventListener("change", follow);
// What a browser fills in again on the way back comes after the script.
window.addEventListener("pageshow", follow);
follow();
