/** @file What one hears: an audio element per voice, and a button where the browser wants a click first. */

import { RoomEvent, Track } from "../../vendor/livekit-client/livekit-client.esm.mjs";
import { byId } from "../dom.js";
import { preferences } from "../preferences.js";

/** @typedef {import("../../vendor/livekit-client/livekit-client.esm.mjs").Room} Room */

/**
 * @param {Room} room
 * @param {HTMLElement} root
 * @param {import("./commands.js").Commands} commands
 */
export function startSound(room, root, commands) {
  /** @type {Map<unknown, HTMLMediaElement>} the client detaches a track that ends, but leaves its element */
  const voices = new Map();
  room.on(RoomEvent.TrackSubscribed, (track) => {
    if (track.kind !== Track.Kind.Audio) return;
    const element = track.attach();
    element.hidden = true;
    root.append(element);
    voices.set(track, element);
  });
  room.on(RoomEvent.TrackUnsubscribed, (track) => {
    track.detach();
    voices.get(track)?.remove();
    voices.delete(track);
  });
  room.on(RoomEvent.AudioPlaybackStatusChanged, () => showBlocked(room));
  commands.on("play-sound", () => void room.startAudio().then(() => showBlocked(room)));
}

/** @param {Room} room */
function showBlocked(room) {
  byId("sound-banner", HTMLElement).hidden = room.canPlaybackAudio;
}

/** @param {Room} room */
export async function chooseSpeaker(room) {
  if (!preferences.speakerId) return;
  await room.switchActiveDevice("audiooutput", preferences.speakerId).catch(() => undefined);
}
