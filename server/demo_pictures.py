"""The faces of synthetic coworkers: a small drawn person at a desk, alive enough to look at."""

from __future__ import annotations

import math
import random
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 640, 360
Plane = NDArray[np.float32]
Colour = tuple[int, int, int]

WALLS: list[Colour] = [(214, 190, 158), (168, 188, 182), (222, 178, 146), (186, 176, 204)]
WALLS += [(150, 178, 200), (204, 206, 168)]
SKINS: list[Colour] = [(242, 208, 178), (198, 146, 108), (122, 82, 60), (226, 180, 148)]
SKINS += [(88, 58, 44), (250, 220, 196)]
HAIRS: list[Colour] = [(42, 32, 30), (96, 62, 38), (176, 120, 62), (206, 198, 190), (130, 54, 34)]
CLOTHES: list[Colour] = [
    (14, 124, 123),
    (181, 72, 47),
    (91, 127, 75),
    (58, 74, 122),
    (120, 74, 108),
]
LAMP: Colour = (242, 165, 65)
DARK: Colour = (48, 38, 36)


class Sprite(NamedTuple):
    """A drawing in Y, U and V with how much of it covers what is behind, both at two scales."""

    y: Plane
    u: Plane
    v: Plane
    cover: Plane
    half_cover: Plane


class Canvas:
    """An RGB drawing with smooth edges, turned into a sprite once."""

    def __init__(self, width: int, height: int) -> None:
        self.colour: Plane = np.zeros((height, width, 3), np.float32)
        self.cover: Plane = np.zeros((height, width), np.float32)
        self._y, self._x = np.mgrid[0:height, 0:width].astype(np.float32)

    def ellipse(self, x: float, y: float, rx: float, ry: float, colour: Colour) -> Canvas:
        """Paint an ellipse around (x, y), over what is there."""
        distance = np.sqrt(((self._x - x) / rx) ** 2 + ((self._y - y) / ry) ** 2)
        self._paint(np.clip((1 - distance) * min(rx, ry) + 0.5, 0, 1), colour)
        return self

    def box(self, x: float, y: float, width: float, height: float, colour: Colour) -> Canvas:
        """Paint a rectangle from its top left corner."""
        inside = (self._x >= x) & (self._x < x + width) & (self._y >= y) & (self._y < y + height)
        self._paint(inside.astype(np.float32), colour)
        return self

    def glow(self, x: float, y: float, radius: float, colour: Colour, strength: float) -> Canvas:
        """Shed light around (x, y)."""
        distance = np.hypot(self._x - x, self._y - y) / radius
        self._paint(strength * np.exp(-3 * distance**2), colour)
        return self

    def sprite(self) -> Sprite:
        """The drawing in I420's planes (BT.601, limited range)."""
        r, g, b = (self.colour[..., channel] for channel in range(3))
        u = 128 - 0.148 * r - 0.291 * g + 0.439 * b
        v = 128 + 0.439 * r - 0.368 * g - 0.071 * b
        y = 16 + 0.257 * r + 0.504 * g + 0.098 * b
        return Sprite(y, _halved(u), _halved(v), self.cover, _halved(self.cover))

    def _paint(self, cover: Plane, colour: Colour) -> None:
        total = cover + self.cover * (1 - cover)
        # Soft edges over nothing take the paint's own colour, or they would look sooty.
        share = np.divide(cover, total, out=np.zeros_like(cover), where=total > 0)
        self.colour += (np.array(colour, np.float32) - self.colour) * share[..., None]
        self.cover = total


class Portrait:
    """One person's moving picture; neighbours in `number` look unlike each other."""

    def __init__(self, number: int, rng: random.Random) -> None:
        skin, hair = SKINS[number % len(SKINS)], HAIRS[number * 2 % len(HAIRS)]
        self._room = _room(WALLS[number % len(WALLS)], rng)
        self._body = _body(CLOTHES[number % len(CLOTHES)], skin)
        long_hair = rng.random() < 0.5
        self._awake = _head(skin, hair, long_hair=long_hair, blinking=False)
        self._blinking = _head(skin, hair, long_hair=long_hair, blinking=True)
        self._place = rng.uniform(-70, 70)
        self._pace = rng.uniform(0.8, 1.3)
        self._start = rng.uniform(0, 100)

    def frame(self, now: float) -> bytes:
        """The I420 picture at `now` seconds."""
        when = self._start + now * self._pace
        planes = [self._room.y.copy(), self._room.u.copy(), self._room.v.copy()]
        left = WIDTH / 2 + self._place + 14 * math.sin(when * 0.37) + 5 * math.sin(when * 1.1)
        breath = 3 * math.sin(when * 1.4)
        _put(planes, self._body, left - 150, 196 + breath)
        head = self._blinking if when % 4.2 < 0.16 else self._awake
        nod = 6 * math.sin(when * 0.9) + 3 * math.sin(when * 2.3)
        _put(planes, head, left - 90 + 16 * math.sin(when * 0.61), 46 + nod)
        return b"".join(plane.astype(np.uint8).tobytes() for plane in planes)


def _room(wall: Colour, rng: random.Random) -> Sprite:
    darker: Colour = (wall[0] * 3 // 4, wall[1] * 3 // 4, wall[2] * 3 // 4)
    canvas = Canvas(WIDTH, HEIGHT).box(0, 0, WIDTH, HEIGHT, wall).box(0, 300, WIDTH, 60, darker)
    window = rng.choice([40, 470])
    canvas.box(window, 40, 130, 150, (244, 240, 230)).box(window + 6, 46, 118, 138, (176, 206, 222))
    canvas.box(window + 62, 46, 6, 138, (244, 240, 230))
    shelf = 510 - window
    canvas.box(shelf - 30, 130, 150, 8, DARK)
    for book in range(rng.randint(4, 8)):
        height = rng.randint(30, 56)
        canvas.box(shelf - 22 + book * 16, 130 - height, 12, height, rng.choice(CLOTHES))
    canvas.glow(shelf + 110, 110, 130, LAMP, 0.7)
    return canvas.sprite()


def _body(clothes: Colour, skin: Colour) -> Sprite:
    canvas = Canvas(300, 170).ellipse(150, 150, 138, 112, clothes)
    return canvas.ellipse(150, 44, 38, 46, skin).sprite()


def _head(skin: Colour, hair: Colour, *, long_hair: bool, blinking: bool) -> Sprite:
    canvas = Canvas(180, 210)
    if long_hair:
        canvas.ellipse(90, 106, 80, 96, hair)
    canvas.ellipse(90, 84, 71, 76, hair).ellipse(90, 108, 60, 76, skin)
    canvas.ellipse(90, 54, 60, 32, hair)
    for eye in (66, 114):
        canvas.ellipse(eye, 108, 7, 1.5 if blinking else 8, DARK)
        canvas.ellipse(eye, 90, 12, 3, hair)
    rosy: Colour = (min(255, skin[0] + 6), skin[1] * 8 // 10, skin[2] * 8 // 10)
    canvas.ellipse(52, 132, 12, 8, rosy).ellipse(128, 132, 12, 8, rosy)
    return canvas.ellipse(90, 150, 22, 9, (150, 66, 62)).ellipse(90, 145, 24, 8, skin).sprite()


def _halved(plane: Plane) -> Plane:
    smaller: Plane = (
        plane[::2, ::2] + plane[1::2, ::2] + plane[::2, 1::2] + plane[1::2, 1::2]
    ) * np.float32(0.25)
    return smaller


def _put(planes: list[Plane], sprite: Sprite, left: float, top: float) -> None:
    """Blend a sprite at the nearest even place, cut at the picture's edges."""
    x, y = round(left / 2), round(top / 2)
    _blend(planes[0], sprite.y, sprite.cover, 2 * x, 2 * y)
    _blend(planes[1], sprite.u, sprite.half_cover, x, y)
    _blend(planes[2], sprite.v, sprite.half_cover, x, y)


def _blend(plane: Plane, drawing: Plane, cover: Plane, x: int, y: int) -> None:
    height, width = plane.shape
    x0, y0 = max(x, 0), max(y, 0)
    x1, y1 = min(x + drawing.shape[1], width), min(y + drawing.shape[0], height)
    part = slice(y0 - y, y1 - y), slice(x0 - x, x1 - x)
    region = plane[y0:y1, x0:x1]
    region += (drawing[part] - region) * cover[part]
