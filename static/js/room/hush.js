/** @file Silence: one keeps the seat, hears and sees nobody, and nothing of the others is downloaded. */

import { RemoteTrackPublication, RoomEvent } from "../../vendor/livekit-client/livekit-client.esm.mjs";
import { announce } from "../announce.js";
import { byId } from "../dom.js";
import { t } from "../i18n.js";

/** @typedef {import("../../vendor/livekit-client/livekit-client.esm.mjs").Room} Room */

export class Hush {
  /**
   * @param {Room} room
   * @param {import("./commands.js").Commands} commands
   * @param {import("./own-media.js").OwnMedia} media
   * @param {import("./gestures.js").Gestures} gestures
   */
  constructor(room, commands, media, gestures) {
    this.room = room;
    this.commands = commands;
    this.media = media;
    this.gestures = gestures;
    this.isOn = false;
    this.statusBefore = "";
    commands.on("hush", () => this.toggle());
    room.on(RoomEvent.TrackPublished, (publication) => {
      if (this.isOn) publication.setSubscribed(false);
    });
    // a new connection subscribes to everybody again
    for (const event of /** @type {const} */ ([RoomEvent.Connected, RoomEvent.Reconnected])) {
      room.on(event, () => {
        if (this.isOn) this.apply();
      });
    }
  }

  toggle() {
    this.isOn = !this.isOn;
    document.documentElement.dataset.hush = this.isOn ? "on" : "off";
    byId("hush-banner", HTMLElement).hidden = !this.isOn;
    this.commands.press("hush", this.isOn);
    if (this.isOn) {
      this.statusBefore = this.gestures.shown.status;
      this.gestures.change({ status: "dnd" });
      // who does not hear the room is not heard by it either
      void this.media.set("microphone", false);
      announce(t("Silence. Vous gardez votre place, sans entendre ni voir personne."));
    } else {
      // unless another status was chosen meanwhile
      if (this.gestures.shown.status === "dnd") this.gestures.change({ status: this.statusBefore });
      announce(t("Vous entendez et voyez tout le monde."));
    }
    this.apply();
  }

  apply() {
    for (const participant of this.room.remoteParticipants.values()) {
      for (const publication of participant.trackPublications.values()) {
        if (publication instanceof RemoteTrackPublication) publication.setSubscribed(!this.isOn);
      }
    }
  }
}
