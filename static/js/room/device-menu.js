/** @file Changing microphone, camera or speaker while inside. */

import { byId } from "../dom.js";
import { fillPicker } from "../devices.js";
import { t } from "../i18n.js";
import { preferences, remember } from "../preferences.js";

/** @typedef {import("../../vendor/livekit-client/livekit-client.esm.mjs").Room} Room */

const PICKERS = /** @type {const} */ ([
  ["room-microphone", "audioinput", "microphoneId"],
  ["room-camera", "videoinput", "cameraId"],
  ["room-speaker", "audiooutput", "speakerId"],
]);

/**
 * @param {Room} room
 * @param {(sentence: string) => void} tell
 */
export function startDeviceMenu(room, tell) {
  const fill = async () => {
    for (const [id, kind, key] of PICKERS) {
      await fillPicker(byId(id, HTMLSelectElement), kind, preferences[key]);
    }
  };
  for (const [id, kind, key] of PICKERS) {
    const select = byId(id, HTMLSelectElement);
    select.addEventListener("change", () => {
      remember({ [key]: select.value });
      room.switchActiveDevice(kind, select.value || "default").catch(() => {
        tell(t("Cet appareil ne répond pas. Choisissez-en un autre."));
      });
    });
  }
  byId("devices-menu", HTMLElement).addEventListener("toggle", (event) => {
    if (/** @type {ToggleEvent} */ (event).newState === "open") void fill();
  });
  navigator.mediaDevices?.addEventListener?.("devicechange", () => void fill());
}
