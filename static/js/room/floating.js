/** @file The small window that stays above other work: who speaks, the microphone, the camera, the way out. */

import { RoomEvent, Track } from "../../vendor/livekit-client/livekit-client.esm.mjs";
import { make } from "../dom.js";
import { t } from "../i18n.js";
import { nameOf } from "./tile.js";

/** @typedef {import("../../vendor/livekit-client/livekit-client.esm.mjs").Room} Room */
/** @typedef {import("../../vendor/livekit-client/livekit-client.esm.mjs").Participant} Participant */
/** @typedef {{requestWindow: (size: {width: number, height: number}) => Promise<Window>}} PictureWindows */

/** @returns {PictureWindows | undefined} */
function pictureWindows() {
  return /** @type {any} */ (window).documentPictureInPicture;
}

/** @param {Room} room @returns {Participant} */
function toShow(room) {
  const others = [...room.remoteParticipants.values()];
  return (
    room.activeSpeakers.find((speaker) => !speaker.isLocal) ??
    others.find((other) => other.isCameraEnabled) ??
    others[0] ??
    room.localParticipant
  );
}

/**
 * @param {Room} room
 * @param {import("./commands.js").Commands} commands
 */
async function open(room, commands) {
  const small = await pictureWindows()?.requestWindow({ width: 340, height: 270 });
  if (!small) return;
  for (const sheet of document.querySelectorAll('link[rel="stylesheet"]')) {
    small.document.head.append(sheet.cloneNode());
  }
  Object.assign(small.document.documentElement.dataset, document.documentElement.dataset);
  const video = make("video", { attrs: { playsinline: "" } });
  video.muted = true;
  video.autoplay = true;
  const name = make("p", { class: "floating-name" });
  const buttons = make("div", { class: "button-row floating-buttons" });
  for (const [command, words] of [
    ["microphone", t("Micro")],
    ["camera", t("Caméra")],
    ["leave", t("Sortir")],
  ]) {
    const button = make("button", { class: "button button-small", text: words ?? "" });
    button.addEventListener("click", () => commands.run(command ?? ""));
    buttons.append(button);
  }
  small.document.body.className = "floating";
  small.document.body.append(video, name, buttons);
  const show = () => {
    const participant = toShow(room);
    name.textContent = nameOf(participant);
    participant.getTrackPublication(Track.Source.Camera)?.videoTrack?.attach(video);
  };
  show();
  room.on(RoomEvent.ActiveSpeakersChanged, show);
  small.addEventListener("pagehide", () => {
    room.off(RoomEvent.ActiveSpeakersChanged, show);
    video.srcObject = null;
  });
}

/**
 * @param {Room} room
 * @param {import("./commands.js").Commands} commands
 */
export function startFloating(room, commands) {
  commands.offer("floating", Boolean(pictureWindows()));
  commands.on("floating", () => void open(room, commands).catch(() => undefined));
}
