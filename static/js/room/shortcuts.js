/** @file The keys: letters as in Jitsi, Ctrl or Cmd with D and E, Space to talk. They can be turned off. */

import { byId } from "../dom.js";
import { preferences, remember } from "../preferences.js";

/** @type {Record<string, string>} */
const LETTERS = {
  m: "microphone",
  v: "camera",
  d: "share",
  r: "hand",
  c: "chat",
  p: "people",
  s: "hush",
  "?": "help",
};

/** @type {Record<string, string>} */
const WITH_CONTROL = { d: "microphone", e: "camera" };

const WRITING = "input, textarea, select, [contenteditable]";
const CONTROL = `${WRITING}, button, a, summary, [tabindex="0"]`;

/** @param {KeyboardEvent} event @param {string} selector */
function isOn(event, selector) {
  return event.target instanceof Element && event.target.closest(selector) !== null;
}

/**
 * @param {import("./commands.js").Commands} commands
 * @param {(isDown: boolean) => void} talk
 */
export function startShortcuts(commands, talk) {
  const help = byId("help", HTMLDialogElement);
  commands.on("help", () => help.showModal());
  commands.on("shortcuts", () => {
    remember({ shortcuts: !preferences.shortcuts });
    commands.press("shortcuts", preferences.shortcuts);
  });
  commands.press("shortcuts", preferences.shortcuts);

  document.addEventListener("keydown", (event) => {
    if (!preferences.shortcuts || help.open || event.defaultPrevented) return;
    const key = event.key.toLowerCase();
    if (event.ctrlKey || event.metaKey) {
      const command = event.altKey || event.shiftKey ? undefined : WITH_CONTROL[key];
      if (!command) return;
      event.preventDefault();
      if (!event.repeat) commands.run(command);
      return;
    }
    if (event.altKey) return;
    if (event.key === " " && !isOn(event, CONTROL)) {
      event.preventDefault();
      if (!event.repeat) talk(true);
      return;
    }
    const command = LETTERS[key];
    if (!command || event.repeat || isOn(event, WRITING)) return;
    event.preventDefault();
    commands.run(command);
  });
  document.addEventListener("keyup", (event) => {
    if (event.key === " ") talk(false);
  });
  window.addEventListener("blur", () => talk(false));
}
