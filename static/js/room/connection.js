/** @file The connection to the room: made once, mended by itself, and ended with a reason. */

import {
  DisconnectReason,
  Room,
  RoomEvent,
  VideoPresets,
} from "../../vendor/livekit-client/livekit-client.esm.mjs";
import { announce } from "../announce.js";
import { cameraOptions, microphoneOptions } from "../devices.js";
import { t } from "../i18n.js";
import { EntryRefused, askEntry } from "./entry.js";

/** Seconds between two attempts to come back once livekit-client has given up. */
const PAUSES = [1, 2, 4, 8, 15];

/** Seconds that a page which is being left is given to be gone, before it comes back. */
const GOING = 4;

/** How long one keeps trying, in seconds. */
const PERSEVERANCE = 600;

/** Why one is out for good, and the word the leaving page knows it by. */
const ENDINGS = new Map([
  [DisconnectReason.CLIENT_INITIATED, "left"],
  [DisconnectReason.DUPLICATE_IDENTITY, "replaced"],
  [DisconnectReason.PARTICIPANT_REMOVED, "removed"],
  [DisconnectReason.ROOM_DELETED, "ended"],
  [DisconnectReason.ROOM_CLOSED, "ended"],
]);

function makeRoom() {
  const asked = new URLSearchParams(location.search).get("connexion");
  return new Room({
    adaptiveStream: true,
    dynacast: true,
    singlePeerConnection: asked !== "v0",
    audioCaptureDefaults: microphoneOptions(),
    videoCaptureDefaults: cameraOptions(),
    publishDefaults: {
      simulcast: true,
      videoCodec: "vp8",
      videoSimulcastLayers: [VideoPresets.h180, VideoPresets.h360],
      stopMicTrackOnMute: false,
    },
  });
}

/** @param {number} seconds */
function pause(seconds) {
  return new Promise((resolve) => window.setTimeout(resolve, seconds * 1000));
}

export class Connection {
  /**
   * @param {HTMLElement} root
   * @param {import("./banner.js").Banner} banner
   * @param {() => Promise<void>} onBack restores what one was showing and saying
   */
  constructor(root, banner, onBack) {
    this.root = root;
    this.banner = banner;
    this.onBack = onBack;
    this.name = "";
    this.room = makeRoom();
    this.isInside = false;
    this.isLeaving = false;
    this.isOut = false;
    this.room
      .on(RoomEvent.Reconnecting, () => this.mending())
      .on(RoomEvent.SignalReconnecting, () => this.mending())
      .on(RoomEvent.Reconnected, () => void this.back())
      .on(RoomEvent.Disconnected, (reason) => void this.lost(reason));
  }

  /** @param {string} name @throws {Error} with a sentence to show */
  async enter(name) {
    this.name = name;
    const entry = await askEntry(this.root, name);
    try {
      await this.room.connect(entry.url, entry.token);
    } catch (error) {
      console.warn("moulin: the room did not open", error);
      throw new Error(t("Le bureau ne s’est pas ouvert. Un pare-feu bloque peut-être la vidéo. Réessayez."));
    }
    this.isInside = true;
  }

  mending() {
    if (!this.isLeaving) this.banner.lost(t("Reconnexion…"));
  }

  async back() {
    await this.onBack();
    this.banner.lost("");
    announce(t("Vous êtes de retour."));
  }

  /** @param {DisconnectReason | undefined} reason */
  async lost(reason) {
    if (!this.isInside) return;
    this.isInside = false;
    // livekit-client disconnects by itself when the page is left, reloaded or put to sleep: to go out
    // then would break off the way to where one is going. A page that is still there comes back.
    if (reason === DisconnectReason.CLIENT_INITIATED && !this.isLeaving) {
      await pause(GOING);
      return this.comeBack();
    }
    const ending = reason === undefined ? undefined : ENDINGS.get(reason);
    if (ending || this.isLeaving) this.goOut(ending ?? "left");
    else await this.comeBack();
  }

  async comeBack() {
    this.mending();
    const until = Date.now() + PERSEVERANCE * 1000;
    for (let attempt = 0; Date.now() < until && !this.isLeaving; attempt += 1) {
      await pause(PAUSES[Math.min(attempt, PAUSES.length - 1)] ?? 15);
      try {
        await this.enter(this.name);
        return await this.back();
      } catch (error) {
        if (error instanceof EntryRefused) return this.goOut("removed");
      }
    }
    this.goOut("ended");
  }

  async leave() {
    this.isLeaving = true;
    await this.room.disconnect();
    this.goOut("left");
  }

  /** @param {string} reason */
  goOut(reason) {
    // Leaving also disconnects, which leads here too: a second navigation would break off the first.
    if (this.isOut) return;
    this.isOut = true;
    this.isLeaving = true;
    location.assign(`${this.root.dataset.leftUrl}?raison=${reason}`);
  }
}
