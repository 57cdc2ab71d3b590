/** @file The session of the office: its phase and ring of time, the bell, closed microphones, the lamp. */

import { ParticipantEvent } from "../../vendor/livekit-client/livekit-client.esm.mjs";
import { announce } from "../announce.js";
import { bell } from "../chimes.js";
import { byId } from "../dom.js";
import { dayAndHour, t } from "../i18n.js";
import {
  minutesUntil,
  phaseName,
  sentence,
  serverNow,
  setServerClock,
  titleOf,
  whatComes,
} from "../session-now.js";

/** @typedef {import("../../vendor/livekit-client/livekit-client.esm.mjs").Room} Room */
/** @typedef {import("../session-now.js").Told} Told */

/** An hour before it begins, a session is counted down to. */
const COUNTDOWN_MS = 3_600_000;

/** How long the end of a session is told, with its next date. */
const AFTERGLOW_MS = 300_000;

/** The microphone, as LiveKit's permissions number what one may publish. */
const MICROPHONE = 2;

/** The ring's circumference, as the template draws it. */
const RING = 100;

export class SessionBar {
  /**
   * @param {Room} room
   * @param {HTMLElement} root
   * @param {import("./own-media.js").OwnMedia} media
   * @param {(sentence: string) => void} tell shows a problem
   */
  constructor(room, root, media, tell) {
    this.room = room;
    this.media = media;
    this.tell = tell;
    this.office = root.dataset.officeId ?? "";
    this.sessionsUrl = root.dataset.sessionsUrl ?? "";
    this.csrf = root.dataset.csrf ?? "";
    /** @type {Told | null} */
    this.told = null;
    /** @type {{at: number, following: number | null} | null} */
    this.over = null;
    /** Whether one holds the lamp, as far as is known. */
    this.isMine = false;
    this.onLamp = () => {};
    this.bar = byId("room-session", HTMLElement);
    this.menu = byId("session-menu", HTMLElement);
    room.localParticipant.on(ParticipantEvent.ParticipantPermissionsChanged, () => this.obey());
    this.menu.addEventListener("toggle", () => {
      if (this.menu.matches(":popover-open")) void this.ask("GET", "lampe");
    });
    for (const button of this.menu.querySelectorAll("[data-lamp]")) {
      button.addEventListener("click", () => void this.act(button.getAttribute("data-lamp") ?? ""));
    }
    for (const choice of this.menu.querySelectorAll("input[name=microphones]")) {
      choice.addEventListener("change", () => {
        if (choice instanceof HTMLInputElement) {
          void this.ask("POST", "micros", { microphones: choice.value });
        }
      });
    }
  }

  /** From now on, for as long as the page lives. */
  start(/** @type {string} */ eventsUrl) {
    const events = new EventSource(eventsUrl);
    events.addEventListener("sessions", (event) => {
      /** @type {import("../session-now.js").SessionsEvent} */
      const told = JSON.parse(event.data);
      setServerClock(told.now);
      this.hear(told.offices[this.office] ?? null);
    });
    window.setInterval(() => this.draw(), 1000);
    this.obey();
  }

  /** @param {Told | null} told */
  hear(told) {
    const before = this.told;
    this.told = told;
    const isSame = before?.id === told?.id && before?.starts === told?.starts;
    if (before?.phase && (!isSame || !told?.phase)) this.end(before);
    if (told?.phase) {
      this.over = null;
      const isNew = before?.phase?.begins !== told.phase.begins || !isSame;
      if (isNew) announce([sentence(told.phase), this.nextDate()].filter(Boolean).join(". ") + ".");
      if (isNew && before) bell(this.room.remoteParticipants.size + 1);
    }
    if (before && this.menu.matches(":popover-open")) void this.ask("GET", "lampe");
    this.draw();
  }

  /** @param {Told} before */
  end(before) {
    this.over = { at: serverNow(), following: before.following };
    bell(this.room.remoteParticipants.size + 1);
    announce(this.farewell());
  }

  farewell() {
    const following = this.over?.following;
    if (!following) return t("La séance est terminée.");
    return t("La séance est terminée. La prochaine : {when}.", {
      when: dayAndHour(new Date(following)),
    });
  }

  /** In the last phase, when one may come again; "" before. */
  nextDate() {
    const { phase, following } = this.told ?? {};
    if (!following || !phase || (phase.next && phase.kind !== "debrief")) return "";
    return t("La prochaine : {when}", { when: dayAndHour(new Date(following)) });
  }

  draw() {
    const { told } = this;
    if (this.over && serverNow() - this.over.at > AFTERGLOW_MS) this.over = null;
    const isSoon = told && !told.phase && told.starts - serverNow() < COUNTDOWN_MS;
    this.bar.hidden = !(told?.phase || this.over || isSoon);
    if (this.bar.hidden || !told?.phase) this.menu.hidePopover();
    if (this.bar.hidden) return;
    this.bar.dataset.phase = told?.phase?.kind ?? "";
    byId("session-open", HTMLButtonElement).disabled = !told?.phase || !told.id;
    if (told?.phase) {
      const { begins, ends, kind } = told.phase;
      const detail = [whatComes(told.phase), this.nextDate()].filter(Boolean).join(" · ");
      this.show(phaseName(kind), detail, (ends - serverNow()) / (ends - begins));
    } else if (isSoon && told) {
      const left = told.starts - serverNow();
      const minutes = minutesUntil(told.starts);
      const title = titleOf(told) || t("Une séance");
      this.show(title, t("dans {minutes} min", { minutes }), left / COUNTDOWN_MS);
    } else this.show(this.farewell(), "", 0);
    byId("session-title", HTMLElement).textContent = told ? titleOf(told) : "";
  }

  /**
   * @param {string} label
   * @param {string} detail
   * @param {number} share of the time that is left, 0 to 1
   */
  show(label, detail, share) {
    const left = Math.min(1, Math.max(0, share));
    const arc = this.bar.querySelector(".ring-left");
    arc?.setAttribute("stroke-dasharray", `${(left * RING).toFixed(1)} ${RING}`);
    for (const [id, text] of /** @type {const} */ ([
      ["session-label", label],
      ["session-detail", detail],
    ])) {
      const element = byId(id, HTMLElement);
      if (element.textContent !== text) element.textContent = text;
    }
  }

  /** The server has opened or closed this person's microphone. */
  obey() {
    const allowed = this.room.localParticipant.permissions?.canPublishSources ?? [];
    const maySpeak = allowed.length === 0 || allowed.includes(MICROPHONE);
    this.media.allowMicrophone(maySpeak);
  }

  /** @param {string} what */
  async act(what) {
    if (what === "end") {
      if (window.confirm(t("Terminer la séance pour tout le monde?"))) {
        await this.ask("POST", "terminer");
      }
    } else await this.ask("POST", "lampe");
  }

  /**
   * @param {"GET" | "POST"} method
   * @param {string} action
   * @param {object} [body]
   */
  async ask(method, action, body = {}) {
    if (!this.told?.id) return;
    const headers = { "Content-Type": "application/json", "X-CSRF-Token": this.csrf };
    const more = method === "POST" ? { headers, body: JSON.stringify(body) } : {};
    const address = `${this.sessionsUrl}/${this.told.id}/${action}`;
    const response = await fetch(address, { method, ...more }).catch(() => null);
    const answer = await response?.json().catch(() => null);
    if (response?.ok) this.showLamp(answer);
    else this.tell(answer?.message ?? t("Cela n’a pas marché : recommencez dans un instant."));
  }

  /** @param {{holder: string, is_mine: boolean, may_take: boolean, may_rule: boolean, microphones: string}} lamp */
  showLamp(lamp) {
    this.isMine = lamp.is_mine;
    this.onLamp();
    byId("lamp-holder", HTMLElement).textContent = lamp.is_mine
      ? t("Vous tenez la lampe.")
      : lamp.holder
        ? t("{name} tient la lampe.", { name: lamp.holder })
        : t("Personne ne tient la lampe pour l’instant.");
    byId("lamp-take", HTMLElement).hidden = !lamp.may_take;
    byId("lamp-rule", HTMLElement).hidden = !lamp.may_rule;
    for (const choice of this.menu.querySelectorAll("input[name=microphones]")) {
      if (choice instanceof HTMLInputElement) choice.checked = choice.value === lamp.microphones;
    }
  }
}
