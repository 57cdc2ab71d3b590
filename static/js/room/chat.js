/** @file The chat: text streams on the topic other LiveKit clients use, kept only in this page. */

import { announce } from "../announce.js";
import { byId, make } from "../dom.js";
import { clock, t } from "../i18n.js";
import { nameOf } from "./tile.js";

/** @typedef {import("../../vendor/livekit-client/livekit-client.esm.mjs").Room} Room */

const TOPIC = "lk.chat";
const LONGEST = 2000;
const MOST = 300;
/** An address, up to an angle bracket or a quotation mark, less what ends the sentence around it. */
const ADDRESS = /https?:\/\/[^\s<>\u0022\u00ab\u00bb]*[^\s<>\u0022\u00ab\u00bb.,;:!?)\]\u0027\u2019]/g;

/**
 * The text with its addresses as links, each opened beside the office.
 * @param {string} text
 */
function withLinks(text) {
  /** @type {(Node | string)[]} */
  const parts = [];
  let end = 0;
  for (const { 0: address, index } of text.matchAll(ADDRESS)) {
    const attrs = { href: address, target: "_blank", rel: "noopener noreferrer nofollow" };
    parts.push(text.slice(end, index), make("a", { text: address, attrs }));
    end = index + address.length;
  }
  return [...parts, text.slice(end)];
}

export class Chat {
  /**
   * @param {Room} room
   * @param {import("./commands.js").Commands} commands
   * @param {import("./panels.js").Panels} panels
   */
  constructor(room, commands, panels) {
    this.room = room;
    this.commands = commands;
    this.panels = panels;
    this.unread = 0;
    this.list = byId("chat", HTMLElement);
    this.field = byId("chat-text", HTMLTextAreaElement);
    room.registerTextStreamHandler(TOPIC, async (reader, from) => {
      const text = (await reader.readAll()).slice(0, LONGEST);
      const sender = room.remoteParticipants.get(from.identity);
      const name = sender ? nameOf(sender) : from.identity;
      this.add(name, text);
      this.notify(name, text);
    });
    const form = byId("chat-form", HTMLFormElement);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.send();
    });
    this.field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      form.requestSubmit();
    });
    panels.onOpen("chat", () => this.opened());
  }

  async send() {
    const text = this.field.value.trim();
    if (!text) return;
    this.field.value = "";
    try {
      await this.room.localParticipant.sendText(text, { topic: TOPIC });
      this.add(nameOf(this.room.localParticipant), text);
    } catch {
      this.field.value = text;
      announce(t("Le message n’est pas parti. Réessayez."));
    }
  }

  /**
   * @param {string} name
   * @param {string} text
   */
  add(name, text) {
    const now = new Date();
    const isAtEnd = this.list.scrollTop + this.list.clientHeight > this.list.scrollHeight - 60;
    this.list.append(
      make(
        "li",
        { class: "message" },
        make(
          "p",
          { class: "message-head" },
          name,
          make("time", { text: clock(now), attrs: { datetime: now.toISOString() } }),
        ),
        make("p", { class: "message-text" }, ...withLinks(text)),
      ),
    );
    while (this.list.children.length > MOST) this.list.firstElementChild?.remove();
    byId("chat-empty", HTMLElement).hidden = true;
    if (isAtEnd) this.list.scrollTop = this.list.scrollHeight;
  }

  /**
   * @param {string} name
   * @param {string} text
   */
  notify(name, text) {
    announce(t("Message de {name} : {text}", { name, text }));
    if (this.panels.isOpen("chat")) return;
    this.unread += 1;
    for (const button of this.commands.buttons("chat")) {
      button.dataset.unread = this.unread > 9 ? "9+" : String(this.unread);
    }
  }

  opened() {
    this.unread = 0;
    for (const button of this.commands.buttons("chat")) delete button.dataset.unread;
    this.list.scrollTop = this.list.scrollHeight;
    this.field.focus();
  }
}
