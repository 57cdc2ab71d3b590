"""Words in the house's typefaces: measured, broken into lines, shrunk or cut to fit a box."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from PIL import ImageDraw, ImageFont

FONTS = Path(__file__).with_name("fonts")
DISPLAY = "bricolage-grotesque-700.ttf"
TEXT = "inter-500.ttf"
ELLIPSIS = "…"


@lru_cache(maxsize=64)
def font(name: str, size: int) -> ImageFont.FreeTypeFont:
    """A typeface at a size in pixels."""
    return ImageFont.truetype(FONTS / name, size, layout_engine=ImageFont.Layout.BASIC)


def drawable(text: str, face: ImageFont.FreeTypeFont) -> str:
    """`text` without what the typeface has no letter for, such as emoji; spaces made plain."""
    nothing = face.getmask("\uffff")
    missing = (nothing.size, bytes(nothing))

    def is_drawn(letter: str) -> bool:
        mask = face.getmask(letter)
        return (mask.size, bytes(mask)) != missing

    plain = " ".join(text.split())
    return " ".join("".join(each for each in plain if each == " " or is_drawn(each)).split())


def broken(text: str, face: ImageFont.FreeTypeFont, width: float, most_lines: int) -> list[str]:
    """`text` in lines no wider than `width`; what is left after `most_lines` gives way to "…"."""
    lines: list[str] = []
    words = text.split()
    while words and len(lines) < most_lines:
        line = words.pop(0)
        while words and face.getlength(f"{line} {words[0]}") <= width:
            line += f" {words.pop(0)}"
        lines.append(line)
    if words:
        lines[-1] += ELLIPSIS
    return [_cut(line, face, width) for line in lines]


def fitted(
    text: str, name: str, sizes: tuple[int, ...], width: float, most_lines: int
) -> tuple[list[str], ImageFont.FreeTypeFont]:
    """The lines of `text` at the first of `sizes` at which nothing is cut, else at the last."""
    for size in sizes:
        face = font(name, size)
        lines = broken(drawable(text, face), face, width, most_lines)
        if not any(line.endswith(ELLIPSIS) for line in lines):
            break
    return lines, face


def write(
    draw: ImageDraw.ImageDraw,
    at: tuple[float, float],
    lines: list[str],
    face: ImageFont.FreeTypeFont,
    fill: str,
) -> float:
    """Write lines one under the other from the top left corner `at`; returns where they end."""
    left, top = at
    for line in lines:
        draw.text((left, top), line, font=face, fill=fill, anchor="la")
        top += face.size * 1.14
    return top


def _cut(line: str, face: ImageFont.FreeTypeFont, width: float) -> str:
    if face.getlength(line) <= width:
        return line
    line = line.removesuffix(ELLIPSIS)
    while line and face.getlength(line.rstrip() + ELLIPSIS) > width:
        line = line[:-1]
    return line.rstrip(" ,.;:") + ELLIPSIS
