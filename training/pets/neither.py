"""Drawn pictures that show neither animal."""

import colorsys
import math
import random

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

Drawing = Image.Image


def draw(count: int, seed: int, side: int = 128) -> np.ndarray:
    """`count` drawn pictures as bytes (count, 3, side, side): scenes, shapes, texts, charts, textures, faces."""
    chance = random.Random(seed)
    kinds = (_landscape, _room, _shapes, _text, _chart, _waves, _clouds, _face, _stripes, _plain)
    pictures = []
    for _ in range(count):
        image = chance.choice(kinds)(chance, side)
        if chance.random() < 0.3:
            image = image.filter(ImageFilter.GaussianBlur(chance.uniform(0.3, 2)))
        if chance.random() < 0.6:
            image = _grain(image, chance)
        pictures.append(np.asarray(image.convert("RGB")).transpose(2, 0, 1))
    return np.stack(pictures)


def _colour(chance: random.Random, light: tuple[float, float] = (0.1, 1.0)) -> tuple[int, int, int]:
    red, green, blue = colorsys.hsv_to_rgb(chance.random(), chance.random() ** 1.5, chance.uniform(*light))
    return int(red * 255), int(green * 255), int(blue * 255)


def _plain(chance: random.Random, side: int) -> Drawing:
    """A gradient from one colour to another, turned."""
    ramp = Image.linear_gradient("L").rotate(chance.uniform(0, 360), expand=True).resize((side * 2, side * 2))
    ramp = ramp.crop((side // 2, side // 2, side // 2 + side, side // 2 + side))
    return Image.composite(
        Image.new("RGB", (side, side), _colour(chance)), Image.new("RGB", (side, side), _colour(chance)), ramp
    )


def _shapes(chance: random.Random, side: int) -> Drawing:
    image = _plain(chance, side)
    pen = ImageDraw.Draw(image)
    for _ in range(chance.randint(1, 14)):
        x, y = chance.uniform(-20, side), chance.uniform(-20, side)
        box = (x, y, x + chance.uniform(4, side), y + chance.uniform(4, side))
        kind = chance.randrange(4)
        if kind == 0:
            pen.ellipse(box, fill=_colour(chance))
        elif kind == 1:
            pen.rectangle(box, fill=_colour(chance))
        elif kind == 2:
            points = [(chance.uniform(0, side), chance.uniform(0, side)) for _ in range(chance.randint(3, 6))]
            pen.polygon(points, fill=_colour(chance))
        else:
            pen.line(box, fill=_colour(chance), width=chance.randint(1, 12))
    return image


def _text(chance: random.Random, side: int) -> Drawing:
    """A page of writing, or a sign."""
    image = Image.new("RGB", (side, side), _colour(chance, (0.6, 1.0)))
    pen = ImageDraw.Draw(image)
    ink = _colour(chance, (0.0, 0.5))
    y = chance.uniform(0, 20)
    while y < side:
        letters = "".join(chance.choice("abcdefghijklmnopqrstuvwxyz     ") for _ in range(chance.randint(4, 40)))
        size = chance.choice((8, 9, 10, 12, 16, 24))
        pen.text((chance.uniform(0, 12), y), letters, fill=ink, font_size=size)
        y += size * chance.uniform(1.1, 2.5)
    return image


def _chart(chance: random.Random, side: int) -> Drawing:
    image = Image.new("RGB", (side, side), _colour(chance, (0.85, 1.0)))
    pen = ImageDraw.Draw(image)
    count = chance.randint(4, 20)
    heights = [chance.uniform(5, side * 0.9) for _ in range(count)]
    step = side / count
    fill = _colour(chance)
    if chance.random() < 0.5:
        for place, height in enumerate(heights):
            pen.rectangle((place * step + 1, side - height, (place + 1) * step - 1, side), fill=fill)
    else:
        pen.line([(place * step, side - height) for place, height in enumerate(heights)], fill=fill, width=2)
    pen.line((4, 0, 4, side - 4, side, side - 4), fill=(40, 40, 40))
    return image


def _waves(chance: random.Random, side: int) -> Drawing:
    """A sum of plane waves in three colours: water, cloth, wood."""
    y, x = np.mgrid[0:side, 0:side] / side
    planes = []
    for _ in range(3):
        plane = np.zeros((side, side))
        for _ in range(chance.randint(1, 5)):
            angle, pitch = chance.uniform(0, math.pi), chance.uniform(1, 30)
            plane += np.sin(2 * math.pi * pitch * (x * math.cos(angle) + y * math.sin(angle)) + chance.random() * 6)
        planes.append(plane)
    return _painted(np.stack(planes, -1), chance)


def _clouds(chance: random.Random, side: int) -> Drawing:
    """Noise of falling strength by octave: cloud, stone, lawn."""
    noise = np.random.default_rng(chance.getrandbits(32))
    fall = chance.uniform(0.35, 1.0)
    total = np.zeros((side, side, 3))
    for octave in range(1, 8):
        small = noise.normal(size=(2**octave, 2**octave, 3))
        layers = [
            np.asarray(Image.fromarray(small[..., c].astype("f4")).resize((side, side), Image.Resampling.BICUBIC))
            for c in range(3)
        ]
        total += np.stack(layers, -1) * fall**octave
    if chance.random() < 0.5:
        total[:] = total.mean(-1, keepdims=True) + 0.2 * total
    return _painted(total, chance)


def _painted(planes: np.ndarray, chance: random.Random) -> Drawing:
    planes = (planes - planes.mean()) / (planes.std() + 1e-6)
    colour = np.array(_colour(chance, (0.3, 0.9)))
    return Image.fromarray(np.clip(colour + planes * chance.uniform(10, 60), 0, 255).astype("u1"))


def _stripes(chance: random.Random, side: int) -> Drawing:
    """Tiles, bricks, bars: a small pattern repeated."""
    small = _shapes(chance, side).resize((chance.randint(8, 48), chance.randint(8, 48)))
    image = Image.new("RGB", (side, side))
    for x in range(0, side, small.width):
        for y in range(0, side, small.height):
            image.paste(small, (x, y))
    return image.rotate(chance.choice((0, 0, chance.uniform(0, 90))), resample=Image.Resampling.BILINEAR)


def _landscape(chance: random.Random, side: int) -> Drawing:
    """Sky, hills, a sun, trees or houses."""
    image = _plain(chance, side)
    pen = ImageDraw.Draw(image)
    x, y, r = chance.uniform(0, side), chance.uniform(0, side / 2), chance.uniform(4, 16)
    pen.ellipse((x - r, y - r, x + r, y + r), fill=_colour(chance, (0.7, 1.0)))
    for hill in range(chance.randint(1, 4)):
        base, pitch, height = side * (0.4 + 0.15 * hill), chance.uniform(20, 80), chance.uniform(2, 25)
        ridge = [(x, base + height * math.sin(x / pitch * 3 + hill)) for x in range(0, side + 4, 4)]
        pen.polygon([*ridge, (side, side), (0, side)], fill=_colour(chance, (0.2, 0.8)))
    for _ in range(chance.randint(0, 8)):
        x, y, size = chance.uniform(0, side), chance.uniform(side / 2, side), chance.uniform(4, 40)
        if chance.random() < 0.5:
            pen.rectangle((x, y - size, x + size / 6, y), fill=_colour(chance, (0.1, 0.4)))
            pen.ellipse((x - size / 2, y - size * 1.6, x + size / 2, y - size / 2), fill=_colour(chance, (0.2, 0.6)))
        else:
            pen.rectangle((x, y - size, x + size, y), fill=_colour(chance))
            pen.polygon([(x, y - size), (x + size / 2, y - size * 1.5), (x + size, y - size)], fill=_colour(chance))
    return image


def _room(chance: random.Random, side: int) -> Drawing:
    """A wall, a floor, a window, some furniture."""
    image = Image.new("RGB", (side, side), _colour(chance, (0.4, 1.0)))
    pen = ImageDraw.Draw(image)
    floor = chance.uniform(side * 0.5, side * 0.8)
    pen.rectangle((0, floor, side, side), fill=_colour(chance, (0.2, 0.8)))
    for _ in range(chance.randint(1, 6)):
        x, width, height = chance.uniform(-10, side), chance.uniform(10, 70), chance.uniform(10, 70)
        y = chance.uniform(0, floor) if chance.random() < 0.4 else floor - height / 2
        pen.rectangle(
            (x, y, x + width, y + height), fill=_colour(chance), outline=_colour(chance), width=chance.randint(1, 4)
        )
    return image


def _face(chance: random.Random, side: int) -> Drawing:
    """A person's head and shoulders, or a doll's."""
    image = _plain(chance, side)
    pen = ImageDraw.Draw(image)
    x, y, r = chance.uniform(40, 90), chance.uniform(35, 75), chance.uniform(14, 36)
    skin, hair = colorsys.hsv_to_rgb(chance.uniform(0.03, 0.1), chance.uniform(0.2, 0.6), chance.uniform(0.3, 1)), None
    tone = (int(skin[0] * 255), int(skin[1] * 255), int(skin[2] * 255))
    hair = _colour(chance, (0.05, 0.7))
    pen.ellipse((x - 1.9 * r, y + 1.1 * r, x + 1.9 * r, y + 5 * r), fill=_colour(chance))
    pen.ellipse((x - 1.1 * r, y - 1.5 * r, x + 1.1 * r, y + r), fill=hair)
    pen.ellipse((x - 0.9 * r, y - 1.2 * r, x + 0.9 * r, y + 1.2 * r), fill=tone)
    for eye in (-0.35, 0.35):
        pen.ellipse((x + eye * r - r / 8, y - r / 4, x + eye * r + r / 8, y), fill=(30, 30, 40))
    pen.line((x - r / 3, y + r / 2, x + r / 3, y + r / 2), fill=(140, 50, 50), width=max(1, int(r / 10)))
    return image


def _grain(image: Drawing, chance: random.Random) -> Drawing:
    noise = np.random.default_rng(chance.getrandbits(32))
    grain = noise.normal(0, chance.uniform(2, 18), (image.height, image.width, 1))
    return Image.fromarray(np.clip(np.asarray(image.convert("RGB")) + grain, 0, 255).astype("u1"))
