/** @file What the office's buttons and keys can do: one table of names, one listener, one pressed state. */

export class Commands {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    /** @type {Map<string, (button: HTMLElement | null) => void>} */
    this.table = new Map();
    root.addEventListener("click", (event) => {
      if (!(event.target instanceof Element)) return;
      const button = event.target.closest("[data-command]");
      if (!(button instanceof HTMLElement)) return;
      this.run(button.dataset.command ?? "", button);
      // after a click, Space is for talking; after a key, the focus stays
      if (event.detail > 0) button.blur();
      const menu = button.closest("[popover]");
      if (menu instanceof HTMLElement && menu.matches(":popover-open")) menu.hidePopover();
    });
  }

  /**
   * @param {string} name
   * @param {(button: HTMLElement | null) => void} action
   */
  on(name, action) {
    this.table.set(name, action);
  }

  /**
   * @param {string} name
   * @param {HTMLElement | null} [button]
   */
  run(name, button = null) {
    this.table.get(name)?.(button);
  }

  /** @param {string} name @returns {HTMLElement[]} */
  buttons(name) {
    return [...this.root.querySelectorAll(`[data-command="${name}"]`)].filter(
      (element) => element instanceof HTMLElement,
    );
  }

  /**
   * @param {string} name
   * @param {boolean} isPressed
   */
  press(name, isPressed) {
    for (const button of this.buttons(name)) {
      if (button.hasAttribute("aria-pressed")) button.setAttribute("aria-pressed", String(isPressed));
    }
  }

  /**
   * @param {string} name
   * @param {boolean} isThere
   */
  offer(name, isThere) {
    for (const button of this.buttons(name)) button.hidden = !isThere;
  }
}
