/** @file The one line above the tiles: the connection being mended, or a problem just met. */

import { byId } from "../dom.js";

/** How long a problem stays in sight. */
const PROBLEM_MS = 9000;

export class Banner {
  constructor() {
    this.connection = "";
    this.problem = "";
    this.timer = 0;
  }

  /** @param {string} sentence stays until it is replaced; "" once the connection is up */
  lost(sentence) {
    this.connection = sentence;
    document.documentElement.dataset.connection = sentence ? "lost" : "up";
    this.show();
  }

  /** @param {string} sentence goes away by itself */
  tell(sentence) {
    this.problem = sentence;
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.tell(""), PROBLEM_MS);
    this.show();
  }

  show() {
    const sentence = this.connection || this.problem;
    byId("banner", HTMLElement).hidden = !sentence;
    byId("banner-text", HTMLElement).textContent = sentence;
  }
}
