/** @file The light, dark or automatic appearance. */

import { t } from "./i18n.js";

const KEY = "moulin.theme";
const ORDER = ["auto", "light", "dark"];

/** @returns {string} */
function chosen() {
  return document.documentElement.dataset.theme ?? "auto";
}

/** @param {HTMLElement} button */
function show(button) {
  const theme = chosen();
  for (const element of button.querySelectorAll("[data-theme-icon]")) {
    if (element instanceof HTMLElement) element.hidden = element.dataset.themeIcon !== theme;
  }
  const words = {
    auto: t("Apparence : automatique"),
    light: t("Apparence : claire"),
    dark: t("Apparence : sombre"),
  };
  const label = words[/** @type {"auto" | "light" | "dark"} */ (theme)];
  button.title = label;
  const text = button.querySelector("#theme-switch-label");
  if (text) text.textContent = label;
}

/** @param {string} theme */
function choose(theme) {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // the choice lives as long as the page
  }
}

export function startTheme() {
  const button = document.getElementById("theme-switch");
  if (!button) return;
  button.hidden = false;
  show(button);
  button.addEventListener("click", () => {
    choose(ORDER[(ORDER.indexOf(chosen()) + 1) % ORDER.length] ?? "auto");
    show(button);
  });
}
