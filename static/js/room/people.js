/** @file The list of who is in, in words: for the panel and for those who do not see the tiles. */

import { RoomEvent } from "../../vendor/livekit-client/livekit-client.esm.mjs";
import { byId, icon, initials, make, tint } from "../dom.js";
import { t, tn } from "../i18n.js";
import { statusWords } from "./status.js";
import { nameOf } from "./tile.js";

/** @typedef {import("../../vendor/livekit-client/livekit-client.esm.mjs").Room} Room */
/** @typedef {import("../../vendor/livekit-client/livekit-client.esm.mjs").Participant} Participant */

/**
 * @param {string} name
 * @param {string} words
 * @param {string} [className]
 */
function sign(name, words, className = "") {
  return make(
    "span",
    { class: className, attrs: { title: words } },
    icon(name),
    make("span", { class: "visually-hidden", text: words }),
  );
}

/** @param {string | undefined} role */
function roleWords(role) {
  if (role === "owner") return t("tient la maison");
  if (role === "organiser" || role === "host") return t("anime");
  return "";
}

/**
 * What a member chose to show of their card.
 * @param {Record<string, string>} attributes
 */
function card(attributes) {
  const { card_title: title, card_skills: skills, card_languages: languages } = attributes;
  const { card_help: help, card_seeks: seeks, card_link: link } = attributes;
  const lines = [
    [title, skills, languages].filter(Boolean).join(" · "),
    help && t("Je peux aider : {text}", { text: help }),
    seeks && t("Je cherche : {text}", { text: seeks }),
  ];
  const shown = lines
    .filter((line) => typeof line === "string" && line !== "")
    .map((text) => make("p", { class: "small", text }));
  if (link && /^https?:\/\//.test(link)) {
    const attrs = { href: link, target: "_blank", rel: "noopener noreferrer nofollow" };
    shown.push(make("p", { class: "small" }, make("a", { text: link, attrs })));
  }
  return shown;
}

/**
 * @param {Participant} participant
 * @param {import("./moderation.js").Moderation} moderation
 */
function row(participant, moderation) {
  const { attributes } = participant;
  const name = nameOf(participant);
  const face = make(
    "span",
    { class: `tile-face tint-${tint(participant.identity)}`, attrs: { "aria-hidden": "true" } },
    make("span", { text: initials(name) }),
  );
  const about = [statusWords(attributes), roleWords(attributes.role), attributes.note ?? ""];
  const words = make(
    "div",
    { class: "person-words" },
    make("p", {
      class: "person-name",
      text: participant.isLocal ? t("{name} (vous)", { name }) : name,
    }),
    make("p", { class: "small soft", text: about.filter(Boolean).join(" · ") }),
    ...card(attributes),
  );
  const signs = make("div", { class: "person-signs" });
  if (attributes.hand) signs.append(sign("hand", t("Main levée"), "raised"));
  if (participant.isScreenShareEnabled) signs.append(sign("monitor-up", t("Partage son écran")));
  signs.append(
    participant.isMicrophoneEnabled
      ? sign("mic", t("Micro ouvert"))
      : sign("mic-off", t("Micro coupé")),
  );
  const { identity, isMicrophoneEnabled } = participant;
  if (!participant.isLocal) {
    signs.append(...moderation.buttons(identity, name, attributes.role, isMicrophoneEnabled));
  }
  const attrs = { "data-identity": identity };
  return make("li", { class: "person-row", attrs }, face, words, signs);
}

/**
 * Redraws the list; who was on a button of it stays there, or on the list when it is gone.
 * @param {HTMLElement} list
 * @param {HTMLElement[]} rows
 */
function replaceRows(list, rows) {
  const focused = document.activeElement;
  const held = focused instanceof HTMLElement && list.contains(focused) ? focused : null;
  const identity = held?.closest("[data-identity]")?.getAttribute("data-identity");
  const action = held?.dataset.moderate;
  list.replaceChildren(...rows);
  if (!held || !action) return;
  const same = rows.find((each) => each.dataset.identity === identity);
  const button = same?.querySelector(`[data-moderate="${action}"]`);
  if (button instanceof HTMLElement) button.focus();
  else list.focus();
}

/**
 * @param {Room} room
 * @param {import("./moderation.js").Moderation} moderation
 */
export function startPeople(room, moderation) {
  const list = byId("people", HTMLElement);
  const count = byId("room-count", HTMLElement);
  const title = document.title;
  let isWaiting = false;
  const draw = () => {
    isWaiting = false;
    // hands first, in the order they were raised
    const everyone = [room.localParticipant, ...room.remoteParticipants.values()].sort(
      (a, b) => Number(a.attributes.hand || Infinity) - Number(b.attributes.hand || Infinity) || 0,
    );
    replaceRows(list, everyone.map((each) => row(each, moderation)));
    count.textContent = tn("{n} personne", "{n} personnes", everyone.length);
    document.title = `(${everyone.length}) ${title}`;
  };
  const soon = () => {
    if (isWaiting) return;
    isWaiting = true;
    requestAnimationFrame(draw);
  };
  for (const event of /** @type {const} */ ([
    RoomEvent.ParticipantConnected,
    RoomEvent.ParticipantDisconnected,
    RoomEvent.ParticipantNameChanged,
    RoomEvent.ParticipantAttributesChanged,
    RoomEvent.TrackMuted,
    RoomEvent.TrackUnmuted,
    RoomEvent.TrackPublished,
    RoomEvent.TrackUnpublished,
    RoomEvent.LocalTrackPublished,
    RoomEvent.LocalTrackUnpublished,
    RoomEvent.Connected,
    RoomEvent.Reconnected,
  ])) {
    room.on(event, soon);
  }
  return draw;
}
