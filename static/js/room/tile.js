/** @file One tile: a face or a screen, the name, and the signs of a person. */

import { Track } from "../../vendor/livekit-client/livekit-client.esm.mjs";
import { icon, iconButton, initials, make, tint } from "../dom.js";
import { t } from "../i18n.js";
import { statusNow, statusWords } from "./status.js";

/** @typedef {import("../../vendor/livekit-client/livekit-client.esm.mjs").Participant} Participant */
/** @typedef {import("../../vendor/livekit-client/livekit-client.esm.mjs").VideoTrack} VideoTrack */

/** How long a reaction stays on a face. */
const REACTION_MS = 4000;

/** @param {Participant} participant */
export function nameOf(participant) {
  return participant.name || participant.identity;
}

export class Tile {
  /**
   * @param {Participant} participant
   * @param {boolean} isScreen
   */
  constructor(participant, isScreen) {
    this.participant = participant;
    this.isScreen = isScreen;
    this.key = `${participant.identity}/${isScreen ? "screen" : "camera"}`;
    /** @type {VideoTrack | null} */
    this.track = null;
    this.initials = "";
    this.isPinned = false;
    this.reactionTimer = 0;
    this.video = make("video", { attrs: { playsinline: "" } });
    this.video.muted = true;
    this.video.autoplay = true;
    for (const change of ["loadeddata", "emptied"]) this.video.addEventListener(change, () => this.showFace());
    this.face = make("div", { class: "tile-face" });
    this.name = make("span", { class: "tile-name" });
    this.note = make("span", { class: "tile-note" });
    this.status = make("span", { class: "status-dot" });
    this.statusText = make("span", { class: "visually-hidden" });
    this.muted = make("span", { class: "tile-muted" }, icon("mic-off"), hiddenWords(t("Micro coupé")));
    this.hand = make("span", { class: "tile-hand" }, icon("hand"), hiddenWords(t("Main levée")));
    this.tools = make("div", { class: "tile-tools" });
    this.foot = make("div", { class: "tile-foot" }, this.status, this.name, this.note, this.muted);
    this.foot.append(this.statusText);
    this.element = make(
      "li",
      { class: `tile tint-${tint(participant.identity)}` },
      this.video,
      this.face,
      this.hand,
      this.foot,
      this.tools,
    );
    this.element.dataset.identity = participant.identity;
    if (isScreen) this.element.dataset.screen = "";
    if (participant.isLocal) this.element.dataset.self = "";
    this.addTools();
    this.update();
  }

  addTools() {
    const pin = iconButton("pin", t("Épingler"), "tile-tool");
    pin.dataset.command = "pin";
    pin.dataset.tile = this.key;
    this.pin = pin;
    this.tools.append(pin);
    if (!this.participant.isLocal) return;
    const hide = iconButton("eye-off", t("Cacher mon image"), "tile-tool");
    hide.dataset.command = "hide-self";
    this.tools.append(hide);
  }

  /** Shows the participant as they are now; safe to call at any time. */
  update() {
    const name = nameOf(this.participant);
    const attributes = this.participant.attributes;
    const label = this.isScreen ? t("Écran partagé par {name}", { name }) : name;
    this.name.textContent = this.participant.isLocal ? t("{name} (vous)", { name }) : label;
    this.note.textContent = this.isScreen ? "" : (attributes.note ?? "");
    if (this.initials !== initials(name)) {
      this.initials = initials(name);
      this.face.replaceChildren(make("span", { text: this.initials, attrs: { "aria-hidden": "true" } }));
    }
    this.status.dataset.status = statusNow(attributes);
    this.statusText.textContent = statusWords(attributes);
    for (const sign of [this.status, this.statusText]) sign.hidden = this.isScreen;
    this.muted.hidden = this.isScreen || this.participant.isMicrophoneEnabled;
    this.hand.hidden = this.isScreen || !attributes.hand;
    const track = this.shownTrack();
    this.video.hidden = !track;
    this.showFace();
  }

  /** Until the first picture is there, nothing would be seen in its place. */
  showFace() {
    this.face.hidden = Boolean(this.shownTrack()) && this.video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA;
  }

  /** @returns {VideoTrack | null} */
  shownTrack() {
    const source = this.isScreen ? Track.Source.ScreenShare : Track.Source.Camera;
    const publication = this.participant.getTrackPublication(source);
    return (!publication?.isMuted && publication?.videoTrack) || null;
  }

  /**
   * Once the tile is in its place: livekit-client looks at once whether the video is in sight, and has
   * it sent only then.
   */
  showTrack() {
    const track = this.shownTrack();
    if (track === this.track) return;
    this.track?.detach(this.video);
    track?.attach(this.video);
    this.track = track;
  }

  /** @param {boolean} isSpeaking */
  speak(isSpeaking) {
    this.element.toggleAttribute("data-speaking", isSpeaking && !this.isScreen);
  }

  /** @param {boolean} isPinned */
  pinned(isPinned) {
    if (isPinned === this.isPinned) return;
    this.isPinned = isPinned;
    this.element.toggleAttribute("data-pinned", isPinned);
    const label = isPinned ? t("Ne plus épingler") : t("Épingler");
    this.pin?.setAttribute("aria-label", label);
    this.pin?.setAttribute("title", label);
    this.pin?.replaceChildren(icon(isPinned ? "pin-off" : "pin"));
  }

  /** @param {string} emoji */
  react(emoji) {
    this.element.querySelector(".tile-reaction")?.remove();
    const shown = make("span", { class: "tile-reaction", text: emoji, attrs: { "aria-hidden": "true" } });
    this.element.append(shown);
    window.clearTimeout(this.reactionTimer);
    this.reactionTimer = window.setTimeout(() => shown.remove(), REACTION_MS);
  }

  remove() {
    this.track?.detach(this.video);
    this.element.remove();
  }
}

/** @param {string} words */
function hiddenWords(words) {
  return make("span", { class: "visually-hidden", text: words });
}
