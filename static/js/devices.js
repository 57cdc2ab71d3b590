/** @file Microphones and cameras: asking for one without ever hanging, naming what went wrong. */

import {
  createLocalAudioTrack,
  createLocalVideoTrack,
} from "../vendor/livekit-client/livekit-client.esm.mjs";
import { t } from "./i18n.js";
import { preferences } from "./preferences.js";

/** @typedef {import("../vendor/livekit-client/livekit-client.esm.mjs").LocalAudioTrack} LocalAudioTrack */
/** @typedef {import("../vendor/livekit-client/livekit-client.esm.mjs").LocalVideoTrack} LocalVideoTrack */

/** How long a device may take, the permission question included, before one is told to go on without it. */
export const PATIENCE_MS = 15000;

/** The tiles are small and the day is long: 540 lines at 24 frames a second. */
const RESOLUTION = { width: 960, height: 540, frameRate: 24 };

export class DeviceTooSlow extends Error {
  constructor() {
    super("the device did not answer");
    this.name = "DeviceTooSlow";
  }
}

/**
 * What `asked` gives, or DeviceTooSlow; a track that comes too late is let go.
 * @template {{stop: () => void}} T
 * @param {Promise<T>} asked
 * @returns {Promise<T>}
 */
function inTime(asked) {
  return new Promise((resolve, reject) => {
    let late = false;
    const timer = window.setTimeout(() => {
      late = true;
      reject(new DeviceTooSlow());
    }, PATIENCE_MS);
    asked.then(
      (track) => {
        window.clearTimeout(timer);
        if (late) track.stop();
        else resolve(track);
      },
      (error) => {
        window.clearTimeout(timer);
        reject(error);
      },
    );
  });
}

export function microphoneOptions() {
  return {
    echoCancellation: true,
    noiseSuppression: true,
    autoGainControl: true,
    ...(preferences.microphoneId ? { deviceId: preferences.microphoneId } : {}),
  };
}

export function cameraOptions() {
  return {
    resolution: RESOLUTION,
    ...(preferences.cameraId ? { deviceId: preferences.cameraId } : {}),
  };
}

/** @returns {Promise<LocalAudioTrack>} */
export function openMicrophone() {
  return inTime(createLocalAudioTrack(microphoneOptions()));
}

/** @returns {Promise<LocalVideoTrack>} */
export function openCamera() {
  return inTime(createLocalVideoTrack(cameraOptions()));
}

/**
 * Why the device is not there, and what to do, in a sentence.
 * @param {unknown} error
 * @param {"microphone" | "camera"} device
 */
export function explain(error, device) {
  const name = error instanceof Error ? error.name : "";
  const camera = device === "camera";
  if (!window.isSecureContext) {
    return t("Le navigateur ne donne la caméra et le micro qu’à une adresse https. Vous pouvez entrer sans.");
  }
  if (name === "NotAllowedError" || name === "SecurityError") {
    return camera
      ? t("Le navigateur refuse la caméra. Permettez-la avec l’icône à gauche de l’adresse, ou entrez sans.")
      : t("Le navigateur refuse le micro. Permettez-le avec l’icône à gauche de l’adresse, ou entrez sans.");
  }
  if (name === "NotFoundError" || name === "OverconstrainedError") {
    return camera
      ? t("Aucune caméra trouvée. Branchez-en une, ou entrez sans.")
      : t("Aucun micro trouvé. Branchez-en un, ou entrez sans.");
  }
  if (name === "DeviceTooSlow") {
    return camera
      ? t("La caméra ne répond pas. Répondez à la question du navigateur s’il en pose une, ou entrez sans.")
      : t("Le micro ne répond pas. Répondez à la question du navigateur s’il en pose une, ou entrez sans.");
  }
  return camera
    ? t("La caméra est prise par une autre application, ou en panne. Fermez l’autre application, ou entrez sans.")
    : t("Le micro est pris par une autre application, ou en panne. Fermez l’autre application, ou entrez sans.");
}

/**
 * Whether the browser has already said yes, so that asking again shows no question.
 * @param {"microphone" | "camera"} device
 */
export async function isAllowed(device) {
  try {
    const name = /** @type {PermissionName} */ (device);
    return (await navigator.permissions.query({ name })).state === "granted";
  } catch {
    return false;
  }
}

/**
 * @param {MediaDeviceKind} kind
 * @returns {Promise<MediaDeviceInfo[]>}
 */
export async function devicesOf(kind) {
  if (!navigator.mediaDevices?.enumerateDevices) return [];
  const all = await navigator.mediaDevices.enumerateDevices();
  return all.filter((device) => device.kind === kind && device.label);
}

/**
 * Lists the devices in a picker; without permission there is only the default.
 * @param {HTMLSelectElement} select
 * @param {MediaDeviceKind} kind
 * @param {string} chosen
 */
export async function fillPicker(select, kind, chosen) {
  const found = await devicesOf(kind);
  const words = {
    audioinput: t("Micro par défaut"),
    videoinput: t("Caméra par défaut"),
    audiooutput: t("Sortie par défaut"),
  };
  const named = found.filter((device) => device.deviceId && device.deviceId !== "default");
  select.replaceChildren(
    new Option(words[kind], ""),
    ...named.map((device) => new Option(device.label, device.deviceId)),
  );
  select.value = named.some((device) => device.deviceId === chosen) ? chosen : "";
  select.disabled = named.length === 0;
}
