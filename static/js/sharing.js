/** @file The phone's own share sheet, where there is one, and the printer. */

/** @param {HTMLElement} button */
async function share(button) {
  const { share: url, shareTitle: title, shareText: text } = button.dataset;
  try {
    // a text carries its own link: given twice, some apps would paste it twice
    await navigator.share(text ? { title, text } : { title, url });
  } catch {
    // closing the sheet is no failure, and the copy button stands beside this one
  }
}

if (typeof navigator.share === "function") {
  for (const button of document.querySelectorAll("[data-share]")) {
    if (!(button instanceof HTMLElement)) continue;
    button.hidden = false;
    button.addEventListener("click", () => void share(button));
  }
}

for (const button of document.querySelectorAll("[data-print]")) {
  if (!(button instanceof HTMLElement)) continue;
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
