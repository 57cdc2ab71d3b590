"""Media encrypted end to end passes as any other: the server reads only what stays clear."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser

from tests.faults.visitor import Visitor
from tests.processes import ROOT, Moulin

pytestmark = pytest.mark.browser

WORKER: Path = ROOT / "node_modules/livekit-client/dist/livekit-client.e2ee.worker.js"
CAPTURE = {"resolution": {"width": 1280, "height": 720, "frameRate": 20}}


def with_key(passphrase: str) -> str:
    """A script for a page that encrypts, and decrypts, with this passphrase."""
    return f"""window.prepare = async (livekit) => {{
      const code = new Blob([{json.dumps(WORKER.read_text())}], {{ type: "text/javascript" }});
      const keyProvider = new livekit.ExternalE2EEKeyProvider();
      await keyProvider.setKey({json.dumps(passphrase)});
      return {{ encryption: {{ keyProvider, worker: new Worker(URL.createObjectURL(code)) }} }};
    }};"""


@pytest.mark.parametrize(
    ("codec", "other"),
    [  # Debian's Firefox has no H.264.
        ("vp8", "chromium"),
        ("vp8", "firefox"),
        ("vp9", "firefox"),
        ("h264", "chromium"),
    ],
)
async def test_who_has_the_key_sees_and_hears_and_nobody_else(
    moulin: Moulin, chromium: Browser, firefox: Browser, codec: str, other: str
) -> None:
    room = f"encrypted {codec} {other}"
    browser = {"chromium": chromium, "firefox": firefox}[other]
    ana = await Visitor.open(chromium, moulin, "ana", with_key("moulin"))
    bob = await Visitor.open(browser, moulin, "bob", with_key("moulin"))
    eve = await Visitor.open(chromium, moulin, "eve", with_key("something else"))
    everybody = (ana, bob, eve)
    for each in everybody:
        await each.join(room)
    video: dict[str, Any] = {"videoCodec": codec, "simulcast": True, "backupCodec": False}
    if codec == "vp9":
        video["scalabilityMode"] = "L1T3"
    await ana.publish({"video": video, "capture": CAPTURE, "audio": {}})

    await bob.sees("ana", 40)
    await bob.hears("ana")
    received = await eve.until("ana", "video", lambda each: each["packets"] > 100)
    assert received["frames"] == 0
    for each in everybody:
        await each.close()
