"""The whole picture: dusk, hills, mill, street and words, drawn twice as large and then halved."""

from __future__ import annotations

from io import BytesIO
from itertools import pairwise

from PIL import Image, ImageDraw

from server.cards.card import Card
from server.cards.lettering import DISPLAY, TEXT, fitted, write
from server.cards.street import HEIGHT as FRONT_HEIGHT
from server.cards.street import WIDTH as FRONT_WIDTH
from server.cards.street import Brush, draw_front

WIDTH, HEIGHT = 1200, 630
"""Of a card, in pixels: what every network shows whole."""
_TWICE = 2
_SKY = ((0, "#2c3960"), (290, "#5d5a80"), (400, "#a97f86"), (500, "#f0b088"))
_GROUND = 604
_MARGIN = 64
_CREAM, _SOFT, _LAMP = "#fff6e6", "#f2e3cf", "#ffd08a"
_STARS = (
    (90, 30), (330, 44), (458, 22), (585, 36), (840, 26), (957, 58), (1094, 40), (1150, 84),
    (1018, 120), (724, 18), (206, 18), (1120, 170), (880, 96),
)  # fmt: skip


def draw_card(card: Card) -> bytes:
    """The JPEG of a card."""
    image = _sky()
    fronts = range(len(card.fronts) or 3)
    scale = {1: 0.9, 2: 0.86, 3: 0.8}.get(len(fronts), 0.72)
    left = WIDTH - _MARGIN - len(fronts) * FRONT_WIDTH * scale
    _landscape(image, left)
    for index in fronts:
        top = _GROUND - FRONT_HEIGHT * scale
        front_left = left + index * FRONT_WIDTH * scale
        brush = Brush(image, front_left * _TWICE, top * _TWICE, scale * _TWICE)
        draw_front(brush, card.fronts[index] if card.fronts else None, index)
    ground = Brush(image, 0, 0, _TWICE)
    ground.box(0, _GROUND, WIDTH, HEIGHT - _GROUND, "#8e7c72")
    ground.box(0, _GROUND, WIDTH, 4, "#aa9d95")
    roofs = _GROUND - FRONT_HEIGHT * scale
    _words(image, card, roofs, left)
    small = image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
    out = BytesIO()
    small.save(out, "JPEG", quality=88, subsampling=0, optimize=True, progressive=True)
    return out.getvalue()


def _sky() -> Image.Image:
    image = Image.new("RGB", (WIDTH * _TWICE, HEIGHT * _TWICE), _SKY[-1][1])
    draw = ImageDraw.Draw(image)
    for (start, above), (end, below) in pairwise(_SKY):
        first, last = _rgb(above), _rgb(below)
        for y in range(start * _TWICE, end * _TWICE):
            share = (y - start * _TWICE) / ((end - start) * _TWICE)
            colour = tuple(round(a + (b - a) * share) for a, b in zip(first, last, strict=True))
            draw.line((0, y, WIDTH * _TWICE, y), fill=colour)
    brush = Brush(image, 0, 0, _TWICE)
    for x, y in _STARS:
        brush.disc(x, y, 1.6, "#8a90ab")
    return image


def _landscape(image: Image.Image, right: float) -> None:
    """Sun, hills and mill, in what the houses leave free at the left."""
    brush = Brush(image, 0, 0, _TWICE)
    sun = min(470.0, right - 90)
    brush.glow(sun, 470, 150, 200)
    brush.disc(sun, 470, 36, "#ffd9a0")
    _hill(brush, 470, 46, 240, "#8a8392")
    _mill(image, min(250.0, right / 2 - 40))
    _hill(brush, 548, 30, 700, "#5f6e66")


def _hill(brush: Brush, top: float, rise: float, crest: float, fill: str) -> None:
    points = [(x, top - rise * (1 - ((x - crest) / 900) ** 2)) for x in range(0, WIDTH + 20, 20)]
    brush.shape((0, HEIGHT), *points, (WIDTH, HEIGHT), fill=fill)


def _mill(image: Image.Image, x: float) -> None:
    brush = Brush(image, x * _TWICE, 400 * _TWICE, 1.15 * _TWICE)
    brush.shape((-15, 0), (15, 0), (26, 110), (-26, 110), fill="#d3bfae")
    brush.disc(0, 1, 17, "#6c392f")
    brush.shape((-15, 2), (15, 2), (17, 20), (-17, 20), fill="#d3bfae")
    brush.box(-5, 34, 10, 14, "#f2a541")
    for dx, dy in ((-1, -1), (1, -1), (-1, 1), (1, 1)):
        near, far = (dx * 14, dy * 14), (dx * 46, dy * 46)
        over = (-dy * 9, dx * 9)
        brush.shape(
            near,
            far,
            (far[0] + over[0], far[1] + over[1]),
            (near[0] + over[0], near[1] + over[1]),
            fill="#dccab2",
        )
        brush.line((0, 0), (dx * 48, dy * 48), fill="#262f32", width=2.6)


def _words(image: Image.Image, card: Card, roofs: float, left: float) -> None:
    draw = ImageDraw.Draw(image)
    column = (left - 2 * _MARGIN + 24) * _TWICE
    across = (WIDTH - 2 * _MARGIN) * _TWICE
    top = 52.0 * _TWICE
    if card.above:
        lines, face = fitted(card.above, TEXT, (30 * _TWICE, 26 * _TWICE), across, 1)
        top = write(draw, (_MARGIN * _TWICE, top), lines, face, _LAMP) + 6 * _TWICE
    sizes = tuple(size * _TWICE for size in (88, 76, 66, 58))
    lines, face = fitted(card.title, DISPLAY, sizes, across, 1)
    if any(line.endswith("…") for line in lines):
        lines, face = fitted(card.title, DISPLAY, (60 * _TWICE, 50 * _TWICE), across, 2)
    top = write(draw, (_MARGIN * _TWICE, top), lines, face, _CREAM) + 12 * _TWICE
    if card.below:
        _write_below(draw, card.below, top, roofs * _TWICE - top, (across, column))


def _write_below(
    draw: ImageDraw.ImageDraw, text: str, top: float, room: float, widths: tuple[float, float]
) -> None:
    """The last words: across the card where there is room over the roofs, else beside them."""
    size = 29 * _TWICE
    over = min(2, int(room / (size * 1.14)))
    across, column = widths
    lines, face = fitted(text, TEXT, (size,), across, max(1, over))
    if over < 1 or (lines[-1:] and lines[-1].endswith("…")):
        lines, face = fitted(text, TEXT, (size, 26 * _TWICE), max(column, 320 * _TWICE), 3)
    write(draw, (_MARGIN * _TWICE, top), lines, face, _SOFT)


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
