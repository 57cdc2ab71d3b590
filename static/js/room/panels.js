/** @file The panels beside the tiles: one open at a time, closed by Escape, focus given back. */

import { byId } from "../dom.js";

/** @typedef {"people" | "chat"} Name */

export class Panels {
  /** @param {import("./commands.js").Commands} commands */
  constructor(commands) {
    this.commands = commands;
    /** @type {Name | null} */
    this.open = null;
    /** @type {Map<Name, () => void>} */
    this.opened = new Map();
    this.elements = {
      people: byId("people-panel", HTMLElement),
      chat: byId("chat-panel", HTMLElement),
    };
    for (const name of /** @type {Name[]} */ (["people", "chat"])) {
      commands.on(name, () => this.toggle(name));
      this.elements[name].addEventListener("keydown", (event) => {
        if (event.key === "Escape") this.toggle(name);
      });
    }
  }

  /**
   * @param {Name} name
   * @param {() => void} action
   */
  onOpen(name, action) {
    this.opened.set(name, action);
  }

  /** @param {Name} name */
  isOpen(name) {
    return this.open === name;
  }

  /** @param {Name} name */
  toggle(name) {
    const before = this.open;
    this.open = before === name ? null : name;
    for (const each of /** @type {Name[]} */ (["people", "chat"])) {
      this.elements[each].hidden = this.open !== each;
      for (const button of this.commands.buttons(each)) {
        if (button.closest(".bar, .menu")) button.setAttribute("aria-pressed", String(this.open === each));
      }
    }
    if (this.open) this.focusInto(this.open);
    else if (before) this.giveBack(before);
  }

  /** @param {Name} name */
  focusInto(name) {
    const action = this.opened.get(name);
    if (action) action();
    else this.elements[name].querySelector("button")?.focus();
  }

  /** @param {Name} name */
  giveBack(name) {
    const shown = this.commands
      .buttons(name)
      .find((button) => button.closest(".bar") && button.offsetParent !== null);
    shown?.focus();
  }
}
