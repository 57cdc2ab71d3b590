/** @file One's own microphone and camera: what one wants is the truth, whatever the connection does. */

import { RoomEvent, Track } from "../../vendor/livekit-client/livekit-client.esm.mjs";
import { announce } from "../announce.js";
import { explain, openCamera, openMicrophone } from "../devices.js";
import { t } from "../i18n.js";
import { remember } from "../preferences.js";

/** @typedef {import("../../vendor/livekit-client/livekit-client.esm.mjs").Room} Room */
/** @typedef {import("./commands.js").Commands} Commands */
/** @typedef {"microphone" | "camera"} Device */

const SOURCES = { microphone: Track.Source.Microphone, camera: Track.Source.Camera };

export class OwnMedia {
  /**
   * @param {Room} room
   * @param {Commands} commands
   * @param {(sentence: string) => void} tell shows a problem
   */
  constructor(room, commands, tell) {
    this.room = room;
    this.commands = commands;
    this.tell = tell;
    this.wanted = { microphone: false, camera: false };
    this.isTalking = false;
    this.maySpeak = true;
    /** @type {Promise<void>} */
    this.queue = Promise.resolve();
    commands.on("microphone", () => void this.set("microphone", !this.wanted.microphone));
    commands.on("camera", () => {
      remember({ camera: !this.wanted.camera });
      void this.set("camera", !this.wanted.camera);
    });
    room.on(RoomEvent.TrackMuted, (publication, participant) => {
      if (participant === room.localParticipant) this.mutedByTheHouse(publication.source);
    });
  }

  /**
   * Publishes what the green room has opened.
   * @param {import("../greenroom.js").Ready} ready
   */
  bring(ready) {
    const devices = /** @type {Device[]} */ (["microphone", "camera"]);
    for (const device of devices) if (ready[device]) this.wanted[device] = true;
    this.show();
    for (const device of devices) {
      const track = ready[device];
      if (track) this.queue = this.queue.then(() => this.carryIn(device, track));
    }
    return this.queue;
  }

  /**
   * @param {Device} device
   * @param {import("../devices.js").LocalAudioTrack | import("../devices.js").LocalVideoTrack} track
   */
  async carryIn(device, track) {
    // meanwhile it was switched off, or the house has closed the microphones
    if (!this.wanted[device]) return track.stop();
    try {
      await this.room.localParticipant.publishTrack(track, { source: SOURCES[device] });
    } catch (error) {
      this.wanted[device] = false;
      console.warn("moulin: not published", error);
    }
    this.show();
  }

  /**
   * @param {Device} device
   * @param {boolean} isOn
   */
  set(device, isOn) {
    if (device === "microphone" && isOn && !this.maySpeak) {
      announce(t("Les micros sont fermés pendant la concentration."));
      return this.queue;
    }
    this.wanted[device] = isOn;
    this.show();
    this.queue = this.queue.then(() => this.apply(device));
    return this.queue;
  }

  /**
   * Makes the published track what is wanted now: several presses in a row end with the last.
   * @param {Device} device
   */
  async apply(device) {
    const isOn = this.wanted[device];
    const own = this.room.localParticipant;
    const publication = own.getTrackPublication(SOURCES[device]);
    try {
      if (!publication?.track) {
        if (isOn) await this.publish(device);
      } else if (isOn && publication.isMuted) await publication.unmute();
      else if (!isOn && !publication.isMuted) await publication.mute();
    } catch (error) {
      this.wanted[device] = false;
      this.tell(explain(error, device));
    }
    this.show();
  }

  /** @param {Device} device */
  async publish(device) {
    const track = await (device === "camera" ? openCamera() : openMicrophone());
    if (!this.wanted[device]) return track.stop();
    await this.room.localParticipant.publishTrack(track, { source: SOURCES[device] });
  }

  /** After a reconnection: a muted person comes back muted, a seen person comes back seen. */
  async restore() {
    await this.set("microphone", this.wanted.microphone);
    await this.set("camera", this.wanted.camera);
  }

  /**
   * Push-to-talk: open while the key is down.
   * @param {boolean} isDown
   */
  talk(isDown) {
    if (isDown && !this.wanted.microphone) {
      this.isTalking = true;
      void this.set("microphone", true);
    } else if (!isDown && this.isTalking) {
      this.isTalking = false;
      void this.set("microphone", false);
    }
  }

  /**
   * The server closes the microphones in focus; at the break each person opens their own.
   * @param {boolean} maySpeak
   */
  allowMicrophone(maySpeak) {
    if (maySpeak === this.maySpeak) return;
    this.maySpeak = maySpeak;
    if (!maySpeak) this.wanted.microphone = false;
    for (const button of this.commands.buttons("microphone")) {
      button.setAttribute("aria-disabled", String(!maySpeak));
    }
    announce(maySpeak ? t("Vous pouvez ouvrir votre micro.") : t("Les micros sont fermés."));
    this.show();
  }

  /** @param {Track.Source} source */
  mutedByTheHouse(source) {
    if (source !== Track.Source.Microphone || !this.wanted.microphone) return;
    if (this.room.state !== "connected") return;
    this.wanted.microphone = false;
    this.tell(t("Votre micro a été coupé."));
    this.show();
  }

  show() {
    this.commands.press("microphone", this.wanted.microphone);
    this.commands.press("camera", this.wanted.camera);
    document.documentElement.dataset.microphone = this.wanted.microphone ? "on" : "off";
  }
}
