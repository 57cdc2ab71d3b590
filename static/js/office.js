/** @file The office page: from the green room into the office, without a second question from the browser. */

import { byId } from "./dom.js";
import { GreenRoom } from "./greenroom.js";
import { Office } from "./room/office.js";

const root = byId("office", HTMLElement);
const office = new Office(root);

const room = byId("room", HTMLElement);
const page = document.documentElement;

const greenRoom = new GreenRoom(async (ready) => {
  // laid out before it is shown: pictures are only sent for tiles that have a place and a size
  page.dataset.state = "entering";
  room.hidden = false;
  try {
    await office.enter(ready);
  } catch (error) {
    room.hidden = true;
    delete page.dataset.state;
    throw error;
  }
  byId("green-room", HTMLElement).hidden = true;
  page.dataset.state = "inside";
  office.settle();
});

void greenRoom.start();
