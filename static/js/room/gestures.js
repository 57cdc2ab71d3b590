/** @file What one shows without a word: the hand, the status, what one works on, a reaction. */

import { RoomEvent } from "../../vendor/livekit-client/livekit-client.esm.mjs";
import { announce } from "../announce.js";
import { byId } from "../dom.js";
import { t } from "../i18n.js";
import { preferences, remember } from "../preferences.js";
import { statusNow, statusWords, untilIn } from "./status.js";
import { nameOf } from "./tile.js";

/** @typedef {import("../../vendor/livekit-client/livekit-client.esm.mjs").Room} Room */
/** @typedef {import("./commands.js").Commands} Commands */

const TOPIC = "moulin.reaction";

export class Gestures {
  /**
   * @param {Room} room
   * @param {Commands} commands
   * @param {(identity: string, emoji: string) => void} onReaction
   */
  constructor(room, commands, onReaction) {
    this.room = room;
    this.commands = commands;
    this.onReaction = onReaction;
    this.shown = { status: "available", until: "", note: preferences.note, hand: "" };
    this.untilTimer = 0;
    commands.on("hand", () => this.change({ hand: this.shown.hand ? "" : String(Date.now()) }));
    commands.on("react", (button) => this.react(button?.dataset.emoji ?? ""));
    this.listenToMenu();
    this.listenToOthers();
  }

  /** @returns {Set<string>} the reactions that the menu offers */
  get known() {
    return new Set(this.commands.buttons("react").map((button) => button.dataset.emoji ?? ""));
  }

  listenToMenu() {
    const menu = byId("status-menu", HTMLElement);
    const length = byId("busy-length", HTMLSelectElement);
    menu.addEventListener("change", (event) => {
      const choice = event.target;
      if (choice instanceof HTMLInputElement && choice.name === "status") {
        this.change({ status: choice.value, until: untilIn(Number(length.value)) });
      }
    });
    length.addEventListener("change", () => {
      this.change({ status: "busy", until: untilIn(Number(length.value)) });
    });
    const note = byId("note", HTMLInputElement);
    note.value = preferences.note;
    byId("note-form", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      remember({ note: note.value.trim() });
      this.change({ note: preferences.note });
      menu.hidePopover();
    });
  }

  listenToOthers() {
    this.room.on(RoomEvent.DataReceived, (payload, participant, _kind, topic) => {
      if (topic !== TOPIC || !participant) return;
      const emoji = new TextDecoder().decode(payload);
      if (!this.known.has(emoji)) return;
      this.onReaction(participant.identity, emoji);
      announce(t("{name} : {emoji}", { name: nameOf(participant), emoji }));
    });
    this.room.on(RoomEvent.ParticipantAttributesChanged, (changed, participant) => {
      if (changed.hand && participant !== this.room.localParticipant) {
        announce(t("{name} lève la main.", { name: nameOf(participant) }));
      }
    });
  }

  /** @param {Partial<{status: string, until: string, note: string, hand: string}>} changes */
  change(changes) {
    Object.assign(this.shown, changes);
    window.clearTimeout(this.untilTimer);
    if (this.shown.status === "busy" && this.shown.until) {
      const left = Number(this.shown.until) - Date.now();
      this.untilTimer = window.setTimeout(() => this.beAvailable(), Math.max(0, left));
    }
    this.show();
    this.tell();
  }

  beAvailable() {
    this.change({ status: "available", until: "" });
    announce(t("Vous êtes de nouveau disponible."));
  }

  /** Tells the room; after a reconnection too, since a new seat starts bare. */
  tell() {
    this.room.localParticipant.setAttributes(this.shown).catch((error) => {
      console.warn("moulin: the room did not take the status", error);
    });
  }

  /** @param {string} emoji */
  react(emoji) {
    if (!this.known.has(emoji)) return;
    this.onReaction(this.room.localParticipant.identity, emoji);
    void this.room.localParticipant.publishData(new TextEncoder().encode(emoji), {
      reliable: true,
      topic: TOPIC,
    });
  }

  show() {
    this.commands.press("hand", Boolean(this.shown.hand));
    const status = statusNow(this.shown);
    for (const choice of document.querySelectorAll("#status-menu input[name=status]")) {
      if (choice instanceof HTMLInputElement) choice.checked = choice.value === status;
    }
    const button = byId("my-status", HTMLElement);
    const dot = button.querySelector(".status-dot");
    if (dot instanceof HTMLElement) dot.dataset.status = status;
    const { note } = this.shown;
    byId("my-status-text", HTMLElement).textContent = statusWords(this.shown);
    byId("my-status-note", HTMLElement).textContent = note && `· ${note}`;
  }
}
