"""Every button of the office is alive: what it names is answered by a script."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_ASKED = re.compile(r"""(?:data-command="|command\("|entry\("|\.dataset\.command = ")([\w-]+)""")
_ANSWERED = re.compile(r"""commands\.on\("([\w-]+)"|^\s+\["([\w-]+)", "\w+"\],$""", re.MULTILINE)
_LISTED = re.compile(r"""for \(const \w+ of (?:/\*\*.*?\*/ )?\(?\[([^\]]+)\]""")


def test_every_command_is_answered() -> None:
    pages = (ROOT / "templates" / "_room.html").read_text(encoding="utf-8")
    scripts = [path.read_text(encoding="utf-8") for path in (ROOT / "static/js/room").glob("*.js")]
    asked = set(_ASKED.findall(pages + "".join(scripts)))
    answered = {one or two for text in scripts for one, two in _ANSWERED.findall(text)}
    for text in scripts:
        for names in _LISTED.findall(text):
            answered.update(re.findall(r'"([\w-]+)"', names))
    assert {"microphone", "leave", "pin", "floating"} <= asked
    assert asked - answered == set()
