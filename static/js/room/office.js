/** @file The office once inside: puts the parts together and keeps what they share. */

import { byId } from "../dom.js";
import { preferences, remember } from "../preferences.js";
import { startArrivals } from "./arrivals.js";
import { Banner } from "./banner.js";
import { Chat } from "./chat.js";
import { Commands } from "./commands.js";
import { Connection } from "./connection.js";
import { startDeviceMenu } from "./device-menu.js";
import { startFloating } from "./floating.js";
import { Gestures } from "./gestures.js";
import { Hush } from "./hush.js";
import { Moderation } from "./moderation.js";
import { OwnMedia } from "./own-media.js";
import { Panels } from "./panels.js";
import { startPeople } from "./people.js";
import { SessionBar } from "./session.js";
import { startSharing } from "./share.js";
import { startShortcuts } from "./shortcuts.js";
import { chooseSpeaker, startSound } from "./sound.js";
import { Stage } from "./stage.js";
import { startWakeLock } from "./wake-lock.js";

export class Office {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.commands = new Commands(root);
    const banner = new Banner();
    this.connection = new Connection(root, banner, () => this.restore());
    const room = this.connection.room;
    const tell = banner.tell.bind(banner);
    this.stage = new Stage(room, this.commands);
    this.media = new OwnMedia(room, this.commands, tell);
    this.gestures = new Gestures(room, this.commands, (who, emoji) => this.stage.react(who, emoji));
    this.hush = new Hush(room, this.commands, this.media, this.gestures);
    this.session = new SessionBar(room, root, this.media, tell);
    this.eventsUrl = root.dataset.eventsUrl ?? "";
    this.panels = new Panels(this.commands);
    this.chat = new Chat(room, this.commands, this.panels);
    const moderation = new Moderation(root, tell, () => this.session.isMine);
    this.drawPeople = startPeople(room, moderation);
    this.session.onLamp = this.drawPeople;
    startSound(room, root, this.commands);
    startSharing(room, this.commands, tell);
    startDeviceMenu(room, tell);
    startFloating(room, this.commands);
    startArrivals(room, () => this.gestures.shown.status === "dnd");
    this.listen();
    // the room's statistics, for whoever wants to look at them
    Object.assign(window, { moulin: { room } });
  }

  listen() {
    const { commands } = this;
    // shown from another menu, which gives way to it
    for (const menu of ["devices", "reactions"]) {
      commands.on(menu, () => byId(`${menu}-menu`, HTMLElement).showPopover());
    }
    commands.on("leave", () => void this.connection.leave());
    for (const [command, key] of /** @type {const} */ ([
      ["sounds", "sounds"],
      ["skip", "skipGreenRoom"],
    ])) {
      commands.press(command, preferences[key]);
      commands.on(command, () => {
        remember({ [key]: !preferences[key] });
        commands.press(command, preferences[key]);
      });
    }
    commands.press("hide-self", preferences.hideSelf);
  }

  /** @param {import("../greenroom.js").Ready} ready */
  async enter(ready) {
    await this.connection.enter(ready.name);
    // one sees the others while they do not see one yet
    void this.media.bring(ready);
    void chooseSpeaker(this.connection.room);
    this.gestures.show();
    this.gestures.tell();
  }

  /** Once the office is in sight. */
  settle() {
    startShortcuts(this.commands, (isDown) => this.media.talk(isDown));
    startWakeLock();
    this.session.start(this.eventsUrl);
    this.stage.refresh();
    this.drawPeople();
    byId("room-title", HTMLElement).focus();
  }

  async restore() {
    await this.media.restore();
    this.gestures.tell();
    this.stage.refresh();
  }
}
