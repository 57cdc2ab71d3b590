/** @file The form of a session: days and end of a series are asked once it is said to come back. */

const fold = document.getElementById("series");
const frequency = document.getElementById("frequency");
const details = fold?.querySelector("fieldset");

/** What counts for nothing is neither shown nor checked by the browser. */
function follow() {
  if (!fold || !details || !(frequency instanceof HTMLSelectElement)) return;
  fold.hidden = details.disabled = frequency.value === "";
}

frequency?.addEventListener("change", () => {
  follow();
  if (fold instanceof HTMLDetailsElement) fold.open = true;
});
// What a browser fills in again on the way back comes after the script.
window.addEventListener("pageshow", follow);
follow();
