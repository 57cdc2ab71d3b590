/** @file The green room: name, picture, microphone, and the ways in. Nothing here can keep anybody out. */

import { testSpeaker } from "./chimes.js";
import { explain, fillPicker, isAllowed, openCamera, openMicrophone } from "./devices.js";
import { byId } from "./dom.js";
import { t } from "./i18n.js";
import { LevelMeter } from "./level-meter.js";
import { preferences, remember } from "./preferences.js";

/** @typedef {import("./devices.js").LocalAudioTrack} LocalAudioTrack */
/** @typedef {import("./devices.js").LocalVideoTrack} LocalVideoTrack */

/**
 * @typedef {object} Ready how somebody goes in
 * @property {string} name
 * @property {LocalAudioTrack | null} microphone
 * @property {LocalVideoTrack | null} camera
 */

export class GreenRoom {
  /** @param {(ready: Ready) => Promise<void>} enter rejects with a sentence to show */
  constructor(enter) {
    this.enter = enter;
    /** @type {LocalAudioTrack | null} */
    this.microphone = null;
    /** @type {LocalVideoTrack | null} */
    this.camera = null;
    this.nameField = byId("green-name", HTMLInputElement);
    this.meter = new LevelMeter(byId("green-level", HTMLElement));
    this.buttons = {
      microphone: byId("green-microphone", HTMLButtonElement),
      camera: byId("green-camera", HTMLButtonElement),
    };
    this.pickers = {
      microphone: byId("green-microphone-choice", HTMLSelectElement),
      camera: byId("green-camera-choice", HTMLSelectElement),
      speaker: byId("green-speaker-choice", HTMLSelectElement),
    };
    this.isEntering = false;
  }

  async start() {
    if (!this.nameField.value) this.nameField.value = preferences.name;
    const { camera: wasFilming, skipGreenRoom: wasSkipping } = preferences;
    this.listen();
    // the buttons wait for this script: pressed before it, they would lead nowhere
    for (const button of byId("green-form", HTMLFormElement).querySelectorAll("button")) {
      button.disabled = false;
    }
    await this.listDevices();
    // the camera as last time, but only where the browser has no question to ask
    if (wasFilming && (await isAllowed("camera")) && !this.camera) await this.toggleCamera();
    // the box may have been ticked for another time, or unticked, while devices were looked for
    if (wasSkipping && preferences.skipGreenRoom && this.nameField.value) await this.go();
  }

  listen() {
    this.buttons.microphone.addEventListener("click", () => void this.toggleMicrophone());
    this.buttons.camera.addEventListener("click", () => void this.toggleCamera());
    byId("green-speaker", HTMLButtonElement).addEventListener("click", () => {
      void testSpeaker(this.pickers.speaker.value);
    });
    this.pickers.microphone.addEventListener("change", () => void this.pickMicrophone());
    this.pickers.camera.addEventListener("change", () => void this.pickCamera());
    this.pickers.speaker.addEventListener("change", () => {
      remember({ speakerId: this.pickers.speaker.value });
    });
    byId("green-form", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      void this.go();
    });
    byId("green-enter-bare", HTMLButtonElement).addEventListener("click", () => {
      this.letGo();
      void this.go();
    });
    const skip = byId("green-skip", HTMLInputElement);
    skip.checked = preferences.skipGreenRoom;
    skip.addEventListener("change", () => remember({ skipGreenRoom: skip.checked }));
    navigator.mediaDevices?.addEventListener?.("devicechange", () => void this.listDevices());
  }

  async listDevices() {
    await fillPicker(this.pickers.microphone, "audioinput", preferences.microphoneId);
    await fillPicker(this.pickers.camera, "videoinput", preferences.cameraId);
    await fillPicker(this.pickers.speaker, "audiooutput", preferences.speakerId);
  }

  /**
   * @param {"microphone" | "camera"} device
   * @param {unknown} error
   */
  advise(device, error) {
    this.say(explain(error, device));
  }

  /** @param {string} sentence "" hides it */
  say(sentence) {
    byId("green-advice", HTMLElement).hidden = !sentence;
    byId("green-advice-text", HTMLElement).textContent = sentence;
  }

  /** @param {"microphone" | "camera"} device @param {boolean} isWaiting */
  wait(device, isWaiting) {
    this.buttons[device].setAttribute("aria-busy", String(isWaiting));
    if (isWaiting) this.say(t("Le navigateur va peut-être demander la permission."));
  }

  async toggleMicrophone() {
    if (this.buttons.microphone.getAttribute("aria-busy") === "true") return;
    if (this.microphone) {
      this.closeMicrophone();
      return;
    }
    this.wait("microphone", true);
    try {
      this.microphone = await openMicrophone();
      if (this.isEntering) return this.closeMicrophone();
      this.say("");
      this.meter.start(this.microphone.mediaStreamTrack);
      this.buttons.microphone.setAttribute("aria-pressed", "true");
      await this.listDevices();
    } catch (error) {
      this.advise("microphone", error);
    } finally {
      this.wait("microphone", false);
    }
  }

  closeMicrophone() {
    this.meter.stop();
    this.microphone?.stop();
    this.microphone = null;
    this.buttons.microphone.setAttribute("aria-pressed", "false");
  }

  async toggleCamera() {
    if (this.buttons.camera.getAttribute("aria-busy") === "true") return;
    if (this.camera) {
      this.closeCamera();
      remember({ camera: false });
      return;
    }
    this.wait("camera", true);
    try {
      this.camera = await openCamera();
      if (this.isEntering) return this.closeCamera();
      this.say("");
      this.showPicture(true);
      remember({ camera: true });
      await this.listDevices();
    } catch (error) {
      this.advise("camera", error);
    } finally {
      this.wait("camera", false);
    }
  }

  closeCamera() {
    this.camera?.stop();
    this.camera = null;
    this.showPicture(false);
  }

  /** @param {boolean} isOn */
  showPicture(isOn) {
    const video = byId("preview-video", HTMLVideoElement);
    if (isOn && this.camera) this.camera.attach(video);
    else video.srcObject = null;
    video.hidden = !isOn;
    byId("preview-off", HTMLElement).hidden = isOn;
    this.buttons.camera.setAttribute("aria-pressed", String(isOn));
  }

  async pickMicrophone() {
    remember({ microphoneId: this.pickers.microphone.value });
    if (!this.microphone) return;
    this.closeMicrophone();
    await this.toggleMicrophone();
  }

  async pickCamera() {
    remember({ cameraId: this.pickers.camera.value });
    if (!this.camera) return;
    this.closeCamera();
    await this.toggleCamera();
  }

  letGo() {
    this.closeMicrophone();
    if (this.camera) remember({ camera: false });
    this.closeCamera();
  }

  /** @param {boolean} isBusy */
  busy(isBusy) {
    this.isEntering = isBusy;
    for (const id of ["green-enter", "green-enter-bare"]) {
      byId(id, HTMLButtonElement).setAttribute("aria-disabled", String(isBusy));
    }
  }

  async go() {
    if (this.isEntering || !this.nameField.reportValidity()) return;
    const name = this.nameField.value.trim();
    remember({ name });
    this.busy(true);
    const problem = byId("green-error", HTMLElement);
    problem.hidden = true;
    try {
      await this.enter({ name, microphone: this.microphone, camera: this.camera });
      this.meter.stop();
      byId("preview-video", HTMLVideoElement).srcObject = null;
    } catch (error) {
      byId("green-error-text", HTMLElement).textContent =
        error instanceof Error ? error.message : String(error);
      problem.hidden = false;
      this.busy(false);
    }
  }
}
