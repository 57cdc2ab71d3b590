/** @file Polite announcements for screen readers, gathered so that ten arrivals are one sentence. */

const PAUSE_MS = 1500;

/** @type {string[]} */
let waiting = [];
let timer = 0;

function flush() {
  timer = 0;
  const region = document.getElementById("announcements");
  if (region) region.textContent = waiting.join(" ");
  waiting = [];
}

/** @param {string} sentence */
export function announce(sentence) {
  if (!waiting.includes(sentence)) waiting.push(sentence);
  if (!timer) timer = window.setTimeout(flush, PAUSE_MS);
}
