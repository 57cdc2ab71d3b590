/** @file What hosts can do about somebody in the office: close a microphone, show someone out for the day. */

import { iconButton } from "../dom.js";
import { t } from "../i18n.js";

/** From the least to the most, as the house ranks them. */
const ROLES = ["guest", "member", "host", "organiser", "owner"];

/** @param {string | undefined} role */
function rank(role) {
  return Math.max(0, ROLES.indexOf(role ?? ""));
}

export class Moderation {
  /**
   * @param {HTMLElement} root
   * @param {(sentence: string) => void} tell shows a problem
   * @param {() => boolean} holdsLamp
   */
  constructor(root, tell, holdsLamp) {
    this.url = root.dataset.doorUrl ?? "";
    this.csrf = root.dataset.csrf ?? "";
    this.own = rank(root.dataset.role);
    this.tell = tell;
    this.holdsLamp = holdsLamp;
  }

  /**
   * The buttons beside a person; the house checks again who may press them.
   * @param {string} identity
   * @param {string} name
   * @param {string | undefined} role
   * @param {boolean} isHeard
   */
  buttons(identity, name, role, isHeard) {
    const host = rank("host");
    const mayExpel = this.own >= host && this.own > rank(role);
    const mayMute = mayExpel || (this.holdsLamp() && host > rank(role));
    const shown = [];
    if (mayMute && isHeard) {
      const label = t("Couper le micro de {name}", { name });
      shown.push(this.button("couper", "mic-off", label, () => void this.ask("couper", identity)));
    }
    if (mayExpel) {
      const label = t("Expulser {name}", { name });
      shown.push(this.button("expulser", "log-out", label, () => this.expel(identity, name)));
    }
    return shown;
  }

  /**
   * @param {string} action
   * @param {string} iconName
   * @param {string} label
   * @param {() => void} press
   */
  button(action, iconName, label, press) {
    const button = iconButton(iconName, label, "button button-quiet button-icon button-small");
    button.dataset.moderate = action;
    if (action === "expulser") button.classList.add("button-quiet-danger");
    button.addEventListener("click", press);
    return button;
  }

  /**
   * @param {string} identity
   * @param {string} name
   */
  expel(identity, name) {
    const question = t("Expulser {name}? Cette personne ne pourra pas revenir dans ce bureau avant minuit.", {
      name,
    });
    if (window.confirm(question)) void this.ask("expulser", identity);
  }

  /**
   * @param {string} action
   * @param {string} identity
   */
  async ask(action, identity) {
    const response = await fetch(`${this.url}/${action}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRF-Token": this.csrf },
      body: JSON.stringify({ identity }),
    }).catch(() => null);
    if (response?.ok) return;
    const answer = await response?.json().catch(() => null);
    this.tell(answer?.message ?? t("Cela n’a pas marché : recommencez dans un instant."));
  }
}
