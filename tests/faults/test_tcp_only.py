"""A network that lets no UDP out: pictures and sound go by TCP, both ways."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import Browser

from tests.faults.visitor import Visitor
from tests.processes import Moulin
from tests.relay import TCP_ONLY

pytestmark = pytest.mark.browser

_PROTOCOLS = """async () => {
  const { pcManager } = window.room.engine;
  const found = [];
  for (const transport of [pcManager.publisher, pcManager.subscriber]) {
    const reports = await transport?.getStats?.() ?? await transport?._pc?.getStats();
    reports?.forEach((each) => {
      if (each.type !== "candidate-pair" || each.state !== "succeeded") return;
      found.push(reports.get(each.localCandidateId)?.protocol);
    });
  }
  return found;
}"""


@pytest.mark.parametrize("single", [True, False], ids=["v1", "v0"])
@pytest.mark.parametrize("name", ["chromium", "firefox"])
async def test_pictures_and_sound_go_by_tcp_alone(
    moulin: Moulin, chromium: Browser, firefox: Browser, name: str, single: bool
) -> None:
    room = f"tcp {name} {single}"
    shut_in = await Visitor.open(
        {"chromium": chromium, "firefox": firefox}[name], moulin, "shut-in", TCP_ONLY
    )
    free = await Visitor.open(chromium, moulin, "free")
    await shut_in.join(room, single=single)
    await free.join(room, single=single)
    await asyncio.gather(shut_in.publish(), free.publish())

    await asyncio.gather(
        free.sees("shut-in"), free.hears("shut-in"), shut_in.sees("free"), shut_in.hears("free")
    )
    protocols = await shut_in.page.evaluate(_PROTOCOLS)
    assert protocols
    assert set(protocols) == {"tcp"}
    for each in (shut_in, free):
        await each.close()
