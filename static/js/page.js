/** @file What every page does: the theme, copy buttons, asking before destroying. */

import { announce } from "./announce.js";
import { t } from "./i18n.js";
import { startTheme } from "./theme.js";

/**
 * Where the clipboard is refused, as in other apps' own browsers.
 * @param {string} text
 * @returns {boolean} whether it is copied
 */
function copyTheOldWay(text) {
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "visually-hidden";
  document.body.append(field);
  field.select();
  const isCopied = document.execCommand("copy");
  field.remove();
  return isCopied;
}

/**
 * @param {HTMLElement} button
 * @param {string} text
 */
async function copy(button, text) {
  const label = [...button.childNodes].findLast((node) => node.nodeType === Node.TEXT_NODE);
  const before = label?.textContent ?? "";
  let said = t("Copié");
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    if (!copyTheOldWay(text)) said = t("Copiez l’adresse à la main");
  }
  announce(said);
  if (!label) return;
  label.textContent = said;
  window.setTimeout(() => {
    label.textContent = before;
  }, 2500);
}

document.addEventListener("click", (event) => {
  if (!(event.target instanceof Element)) return;
  const button = event.target.closest("[data-copy], [data-copy-page]");
  if (button instanceof HTMLElement) void copy(button, button.dataset.copy ?? location.href);
  const field = event.target.closest("[data-select-all]");
  if (field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement) field.select();
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || !form.dataset.confirm) return;
  if (!window.confirm(form.dataset.confirm)) event.preventDefault();
});

// A browser neither sends a form with a bad value in a closed fold, nor says why.
document.addEventListener(
  "invalid",
  (event) => {
    if (!(event.target instanceof Element)) return;
    for (let fold = event.target.closest("details"); fold; ) {
      fold.open = true;
      fold = fold.parentElement?.closest("details") ?? null;
    }
  },
  true,
);

/** Of a form that came back with errors, the first field to mend is the one to write in. */
function goToTheFirstError() {
  const field = document.querySelector("main [aria-invalid=true]");
  if (field instanceof HTMLElement) field.focus();
}

/**
 * What was done is said once: an address that is copied, or loaded again, must not say it again.
 * Screen readers are told of what appears, not of what was there when the page opened.
 */
function sayWhatWasDone() {
  const address = new URL(location.href);
  if (!address.searchParams.has("fait")) return;
  const said = document.querySelector("main [role=status]")?.textContent?.trim();
  if (said) announce(said);
  address.searchParams.delete("fait");
  history.replaceState(history.state, "", address);
}

/** A member's device may have lost its notices while away; for nobody else is anything loaded. */
async function askForNoticesAgain() {
  if (!("Notification" in window) || Notification.permission !== "granted") return;
  if (!document.querySelector("#menu-moi[data-member]")) return;
  const { askAgain } = await import("./push-again.js");
  await askAgain();
}

startTheme();
void askForNoticesAgain();
goToTheFirstError();
sayWhatWasDone();
