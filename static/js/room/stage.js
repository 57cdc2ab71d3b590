/** @file The stage: who is on it, on which page, and what is looked at. */

import { RoomEvent, Track } from "../../vendor/livekit-client/livekit-client.esm.mjs";
import { byId } from "../dom.js";
import { t } from "../i18n.js";
import { preferences, remember } from "../preferences.js";
import { gridLayout, stripLayout } from "./layout.js";
import { Tile } from "./tile.js";

/** @typedef {import("../../vendor/livekit-client/livekit-client.esm.mjs").Room} Room */
/** @typedef {import("../../vendor/livekit-client/livekit-client.esm.mjs").Participant} Participant */
/** @typedef {import("./commands.js").Commands} Commands */

/** The height that the pager takes below a grid or a strip, in CSS pixels; tiles.css knows it too. */
const PAGER = 56;

export class Stage {
  /**
   * @param {Room} room
   * @param {Commands} commands
   */
  constructor(room, commands) {
    this.room = room;
    this.commands = commands;
    /** @type {Map<string, Tile>} */
    this.tiles = new Map();
    this.page = 0;
    this.pinned = "";
    /** the last screen that somebody began to share */
    this.screen = "";
    this.element = byId("stage", HTMLElement);
    this.grid = byId("grid", HTMLElement);
    this.spotlight = byId("spotlight", HTMLElement);
    this.listen();
  }

  listen() {
    // one step of the connection tells of many people and tracks: they are shown together
    let isWaiting = false;
    const refresh = () => {
      if (isWaiting) return;
      isWaiting = true;
      queueMicrotask(() => {
        isWaiting = false;
        this.refresh();
      });
    };
    for (const event of /** @type {const} */ ([
      RoomEvent.ParticipantConnected,
      RoomEvent.ParticipantDisconnected,
      RoomEvent.TrackPublished,
      RoomEvent.TrackUnpublished,
      RoomEvent.TrackSubscribed,
      RoomEvent.TrackUnsubscribed,
      RoomEvent.TrackMuted,
      RoomEvent.TrackUnmuted,
      RoomEvent.LocalTrackPublished,
      RoomEvent.LocalTrackUnpublished,
      RoomEvent.ParticipantNameChanged,
      RoomEvent.ParticipantAttributesChanged,
      RoomEvent.Connected,
      RoomEvent.Reconnected,
    ])) {
      this.room.on(event, refresh);
    }
    this.room.on(RoomEvent.ActiveSpeakersChanged, (speakers) => {
      const speaking = new Set(speakers.map((speaker) => speaker.identity));
      for (const tile of this.tiles.values()) tile.speak(speaking.has(tile.participant.identity));
    });
    this.commands.on("pin", (button) => this.pin(button?.dataset.tile ?? ""));
    this.commands.on("hide-self", () => this.hideSelf());
    this.commands.on("page-back", () => this.turn(-1));
    this.commands.on("page-on", () => this.turn(1));
    new ResizeObserver(() => this.arrange()).observe(this.element);
  }

  /** Makes the tiles match the room: those who left go, those who came appear, the rest are updated. */
  refresh() {
    /** @type {Set<string>} */
    const wanted = new Set();
    for (const participant of this.everyone()) {
      this.keep(participant, false, wanted);
      // one's own screen is not shown back: it would be a hall of mirrors
      const screen = participant.getTrackPublication(Track.Source.ScreenShare);
      if (screen && !participant.isLocal) this.keep(participant, true, wanted);
    }
    for (const [key, tile] of this.tiles) {
      if (wanted.has(key)) continue;
      tile.remove();
      this.tiles.delete(key);
      if (this.pinned === key) this.pinned = "";
      if (this.screen === key) this.screen = this.anyScreen();
    }
    this.arrange();
    for (const tile of this.tiles.values()) tile.showTrack();
  }

  /**
   * @param {Participant} participant
   * @param {boolean} isScreen
   * @param {Set<string>} wanted
   */
  keep(participant, isScreen, wanted) {
    const key = `${participant.identity}/${isScreen ? "screen" : "camera"}`;
    wanted.add(key);
    const known = this.tiles.get(key);
    if (known && known.participant === participant) {
      known.update();
      return;
    }
    known?.remove();
    this.tiles.set(key, new Tile(participant, isScreen));
    if (isScreen) this.screen = key;
  }

  anyScreen() {
    const left = [...this.tiles.values()].filter((tile) => tile.isScreen);
    return left[left.length - 1]?.key ?? "";
  }

  /** @returns {Participant[]} oneself first, then by time of arrival, so that nobody's place moves */
  everyone() {
    const others = [...this.room.remoteParticipants.values()].sort(
      (a, b) => Number(a.joinedAt ?? 0) - Number(b.joinedAt ?? 0),
    );
    return [this.room.localParticipant, ...others];
  }

  arrange() {
    const width = this.element.clientWidth;
    const height = this.element.clientHeight;
    if (!width || !height) return;
    const looked = this.tiles.get(this.pinned) ?? this.tiles.get(this.screen) ?? null;
    const isAlone = this.room.remoteParticipants.size === 0;
    const rest = [...this.tiles.values()].filter((tile) => tile !== looked && !this.isHidden(tile));
    const strip = stripLayout(rest.length, width, height);
    const within = looked ? stripLayout : gridLayout;
    const whole = within(rest.length, width, height);
    const isPaged = rest.length > whole.perPage;
    // the pager stands below the tiles that it turns, never on a face; a strip along the foot is as
    // long with it as without
    const isLower = isPaged && !(looked && strip.isTall);
    const layout = isLower ? within(rest.length, width, height - PAGER) : whole;
    this.element.toggleAttribute("data-paged", isPaged);
    this.element.toggleAttribute("data-spotlight", Boolean(looked));
    this.element.dataset.shape = looked && strip.isTall ? "tall" : "wide";
    this.element.style.setProperty("--tile-width", `${layout.width}px`);
    this.element.style.setProperty("--tile-height", `${layout.height}px`);
    this.element.style.setProperty("--gap", width < 600 ? "8px" : "12px");
    this.spotlight.hidden = !looked;
    this.place(this.spotlight, looked ? [looked] : []);
    this.grid.hidden = rest.length === 0;
    this.place(this.grid, rest);
    this.showPage(rest, layout.perPage);
    for (const tile of this.tiles.values()) tile.pinned(tile.key === this.pinned);
    byId("alone", HTMLElement).hidden = !isAlone;
  }

  /** @param {Tile} tile */
  isHidden(tile) {
    return preferences.hideSelf && tile.participant.isLocal;
  }

  /**
   * Puts the tiles in order, moving only those out of place: a moved video would flicker.
   * @param {HTMLElement} into
   * @param {Tile[]} tiles
   */
  place(into, tiles) {
    for (const [index, tile] of tiles.entries()) {
      const there = into.children[index];
      if (there === tile.element) continue;
      into.insertBefore(tile.element, there ?? null);
      // a video that moves within the page pauses
      if (tile.track) void tile.video.play().catch(() => undefined);
    }
    while (into.children.length > tiles.length) into.lastElementChild?.remove();
  }

  /**
   * @param {Tile[]} tiles
   * @param {number} perPage
   */
  showPage(tiles, perPage) {
    const pages = Math.max(1, Math.ceil(tiles.length / perPage));
    this.page = Math.min(this.page, pages - 1);
    for (const [index, tile] of tiles.entries()) {
      tile.element.hidden = Math.floor(index / perPage) !== this.page;
    }
    for (const tile of this.spotlight.children) tile.toggleAttribute("hidden", false);
    byId("pager", HTMLElement).hidden = pages === 1;
    const page = this.page + 1;
    byId("pager-text", HTMLElement).textContent = t("Page {page} de {pages}", { page, pages });
    byId("pager-short", HTMLElement).textContent = `${page} / ${pages}`;
  }

  /** @param {number} step */
  turn(step) {
    this.page = Math.max(0, this.page + step);
    this.arrange();
  }

  /** @param {string} key */
  pin(key) {
    const isLooked = this.pinned === key || (!this.pinned && this.screen === key);
    if (isLooked) {
      this.pinned = "";
      if (this.screen === key) this.screen = "";
    } else this.pinned = key;
    this.arrange();
  }

  hideSelf() {
    remember({ hideSelf: !preferences.hideSelf });
    this.commands.press("hide-self", preferences.hideSelf);
    this.arrange();
  }

  /**
   * @param {string} identity
   * @param {string} emoji
   */
  react(identity, emoji) {
    this.tiles.get(`${identity}/camera`)?.react(emoji);
  }
}
