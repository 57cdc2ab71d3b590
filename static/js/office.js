/** @file The office page: from the green room into the office, without a second question from the browser. */

import { byId } from "./dom.js";
import { GreenRoom } from "./greenroom.js";
import { Office } from "./room/office.js";

const root = byId("office", HTMLElement);
const office = new Office(root);

const greenRoom = new GreenRoom(async (ready) => {
  await office.enter(ready);
  byId("green-room", HTMLElement).hidden = true;
  byId("room", HTMLElement).hidden = false;
  document.documentElement.dataset.state = "inside";
  office.settle();
});

void greenRoom.start();
