/** @file Sharing one's screen, with its sound where the browser can. */

import { RoomEvent, ScreenSharePresets, Track } from "../../vendor/livekit-client/livekit-client.esm.mjs";
import { announce } from "../announce.js";
import { byId } from "../dom.js";
import { t } from "../i18n.js";
import { nameOf } from "./tile.js";

/** @typedef {import("../../vendor/livekit-client/livekit-client.esm.mjs").Room} Room */

/**
 * @param {Room} room
 * @param {import("./commands.js").Commands} commands
 * @param {(sentence: string) => void} tell
 */
export function startSharing(room, commands, tell) {
  const own = room.localParticipant;
  commands.offer("share", Boolean(navigator.mediaDevices?.getDisplayMedia));
  commands.on("share", () => {
    own
      .setScreenShareEnabled(!own.isScreenShareEnabled, {
        audio: true,
        contentHint: "detail",
        resolution: ScreenSharePresets.h1080fps15.resolution,
        selfBrowserSurface: "include",
      })
      .catch((error) => {
        // the person closed the browser's question: nothing to say
        if (error instanceof Error && error.name !== "NotAllowedError") {
          tell(t("L’écran n’a pas pu être partagé. Réessayez, ou choisissez une autre fenêtre."));
        }
      });
  });
  let isShared = false;
  const show = () => {
    if (own.isScreenShareEnabled === isShared) return;
    isShared = !isShared;
    commands.press("share", isShared);
    byId("sharing", HTMLElement).hidden = !isShared;
    // the browser too may end it
    announce(isShared ? t("Vous partagez votre écran.") : t("Votre écran n’est plus partagé."));
  };
  room.on(RoomEvent.LocalTrackPublished, show).on(RoomEvent.LocalTrackUnpublished, show);
  room.on(RoomEvent.TrackPublished, (publication, participant) => {
    if (publication.source !== Track.Source.ScreenShare) return;
    announce(t("{name} partage son écran.", { name: nameOf(participant) }));
  });
}
