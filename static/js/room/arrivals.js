/** @file Saying who comes and who goes: one sentence for many, and a soft sound while the room is small. */

import { RoomEvent } from "../../vendor/livekit-client/livekit-client.esm.mjs";
import { announce } from "../announce.js";
import { door, knock } from "../chimes.js";
import { list, t } from "../i18n.js";
import { nameOf } from "./tile.js";

/** @typedef {import("../../vendor/livekit-client/livekit-client.esm.mjs").Room} Room */

/** Arrivals this close together are told together. */
const TOGETHER_MS = 1200;

/**
 * @param {Room} room
 * @param {() => boolean} isQuiet
 */
export function startArrivals(room, isQuiet) {
  /** @type {string[]} */
  let came = [];
  /** @type {string[]} */
  let gone = [];
  let timer = 0;
  const tell = () => {
    timer = 0;
    if (came.length) announce(t("Arrivées : {names}.", { names: list(came) }));
    if (gone.length) announce(t("Départs : {names}.", { names: list(gone) }));
    const people = room.remoteParticipants.size + 1;
    if (!isQuiet()) {
      if (came.length) knock(people);
      else if (gone.length) door(people);
    }
    came = [];
    gone = [];
  };
  const soon = () => {
    if (!timer) timer = window.setTimeout(tell, TOGETHER_MS);
  };
  room.on(RoomEvent.ParticipantConnected, (participant) => {
    came.push(nameOf(participant));
    soon();
  });
  room.on(RoomEvent.ParticipantDisconnected, (participant) => {
    gone.push(nameOf(participant));
    soon();
  });
}
