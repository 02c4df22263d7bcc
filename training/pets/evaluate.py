"""Measures the shipped model as people use it, as a function: python evaluate.py PHOTOGRAPHS OUT MODEL.onnx.

Prints Markdown: how often it is right on the held-out photographs as they are and changed as people's photographs are,
how honest its probabilities are, and what it says to pictures that show neither animal. Needs frontdesk[models].
"""

import argparse
import io
import statistics
from collections.abc import Callable, Iterable
from pathlib import Path

import neither
import numpy as np
import photographs
from PIL import Image, ImageEnhance, ImageFilter

from frontdesk.functions import media
from frontdesk.functions.models import onnx

Picture = Image.Image
COUNT = 500
"""Pictures of each kind that show neither animal."""


def cropped(picture: Picture) -> Picture:
    """The middle 70 % of each side."""
    side, cut = picture.width, round(picture.width * 0.15)
    return picture.crop((cut, cut, side - cut, side - cut)).resize((side, side), Image.Resampling.BICUBIC)


def blurred(picture: Picture) -> Picture:
    """A Gaussian of 1.5 pixels at 128."""
    return picture.filter(ImageFilter.GaussianBlur(1.5))


def compressed(picture: Picture) -> Picture:
    """JPEG, quality 40."""
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=40)
    return Image.open(file).convert("RGB")


def shifted(picture: Picture) -> Picture:
    """Redder, darker, with half the colour."""
    red, green, blue = ImageEnhance.Color(ImageEnhance.Brightness(picture).enhance(0.75)).enhance(0.5).split()
    return Image.merge("RGB", (red.point(lambda value: min(255, round(value * 1.25))), green, blue))


def padded(picture: Picture) -> Picture:
    """Two thirds as high, in black bars, as a wide photograph on a square is."""
    side, high = picture.width, round(picture.width * 2 / 3)
    square = Image.new("RGB", (side, side))
    square.paste(picture.resize((side, high)), (0, (side - high) // 2))
    return square


CHANGES: dict[str, Callable[[Picture], Picture]] = {
    "as they are": lambda picture: picture,
    "crop": cropped,
    "blur": blurred,
    "JPEG 40": compressed,
    "colour shift": shifted,
    "padding": padded,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photographs", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("model", type=Path)
    given = parser.parse_args()
    held = photographs.split(photographs.read(given.photographs, given.out))[1]
    classify, _ = onnx.load(str(given.model))
    clean = _robustness(classify, held)
    _reliability(clean, held.labels)
    _doubts(classify, held)


def _robustness(classify: Callable[..., media.Label], held: photographs.Photographs) -> list[media.Label]:
    print("| 1,000 held-out photographs | right | told surely | right where sure |\n|---|---|---|---|")
    clean: list[media.Label] = []
    for name, change in CHANGES.items():
        told = [_told(classify, change(_image(pixels))) for pixels in held.pictures]
        right = np.array([_animal(label) == answer for label, answer in zip(told, held.labels, strict=True)])
        sure = np.array([label.sure for label in told])
        print(f"| {name} | {right.mean():.1%} | {sure.mean():.1%} | {right[sure].mean():.1%} |")
        clean = clean or told
    return clean


def _reliability(told: list[media.Label], answers: np.ndarray) -> None:
    """How often it is right where it says 0.9: the bins of the reliability plot, and the expected calibration error."""
    share = np.array([max(label.scores["cat"], label.scores["dog"]) for label in told])
    right = np.array([_animal(label) == answer for label, answer in zip(told, answers, strict=True)])
    print("\n| said | photographs | mean said | right |\n|---|---|---|---|")
    error = 0.0
    for low, high in ((0, 0.6), (0.6, 0.7), (0.7, 0.8), (0.8, 0.9), (0.9, 0.95), (0.95, 0.99), (0.99, 1.01)):
        inside = (share >= low) & (share < high)
        if inside.any():
            said, was = share[inside].mean(), right[inside].mean()
            error += inside.mean() * abs(said - was)
            print(f"| {low:.0%} to {min(high, 1):.0%} | {inside.sum()} | {said:.1%} | {was:.1%} |")
    print(f"\nExpected calibration error: {error:.3f}")


def _doubts(classify: Callable[..., media.Label], held: photographs.Photographs) -> None:
    corners = [_corner(_image(pixels)) for pixels in held.pictures[:: len(held) // COUNT]]
    kinds: dict[str, Iterable[Picture]] = {
        "drawn (with another seed than in training)": map(_image, neither.draw(COUNT, photographs.SEED + 1)),
        "noise": [Image.effect_noise((128, 128), 20 + place % 80).convert("RGB") for place in range(COUNT)],
        "corners of held-out photographs, a fifth of each side (some hold fur)": corners,
    }
    print("\n| neither cat nor dog | said not sure | mean highest score of cat and dog |\n|---|---|---|")
    for name, pictures in kinds.items():
        told = [_told(classify, picture) for picture in pictures]
        unsure = statistics.mean(not label.sure for label in told)
        highest = statistics.mean(max(label.scores["cat"], label.scores["dog"]) for label in told)
        print(f"| {name} | {unsure:.1%} | {highest:.2f} |")


def _corner(picture: Picture) -> Picture:
    return picture.crop((0, 0, 26, 26)).resize((128, 128), Image.Resampling.BICUBIC)


def _image(pixels: np.ndarray) -> Picture:
    return Image.fromarray(pixels.transpose(1, 2, 0))


def _told(classify: Callable[..., media.Label], picture: Picture) -> media.Label:
    file = io.BytesIO()
    picture.save(file, "PNG", compress_level=1)
    return classify(photo=media.Image(file.getvalue(), "photo.png"))


def _animal(label: media.Label) -> int:
    return int(label.scores["dog"] > label.scores["cat"])


if __name__ == "__main__":
    main()
