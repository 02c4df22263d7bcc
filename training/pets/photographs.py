"""The photographs: read once, kept as one array, split by a fixed seed."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

LABELS = ("cat", "dog", "neither")
SIDE = 128  # pixels: the photographs are squares of this side
SEED = 20261122
HELD_OUT = 500  # of each animal, never trained on
CACHE = "photographs.npz"


@dataclass(frozen=True)
class Photographs:
    """Pictures (N, 3, SIDE, SIDE) as bytes, labels as places in LABELS, and the files' names."""

    pictures: np.ndarray
    labels: np.ndarray
    names: np.ndarray

    def __getitem__(self, places: np.ndarray) -> "Photographs":
        return Photographs(self.pictures[places], self.labels[places], self.names[places])

    def __len__(self) -> int:
        return len(self.labels)


def read(folder: Path, cache: Path) -> Photographs:
    """Every photograph under folder/cat and folder/dog, in the order of their names; kept in the folder `cache`."""
    kept = cache / CACHE
    if not kept.exists():
        cache.mkdir(parents=True, exist_ok=True)
        files = [file for label in LABELS[:2] for file in sorted((folder / label).glob("*.jpg"))]
        names = np.array([f"{file.parent.name}/{file.stem}" for file in files])
        labels = np.array([LABELS.index(file.parent.name) for file in files])
        np.savez(kept, pictures=np.stack([picture(file) for file in files]), labels=labels, names=names)
    with np.load(kept) as arrays:
        return Photographs(arrays["pictures"], arrays["labels"], arrays["names"])


def picture(file: Path) -> np.ndarray:
    """One photograph as bytes of the shape (3, SIDE, SIDE)."""
    with Image.open(file) as image:
        return np.asarray(image.convert("RGB").resize((SIDE, SIDE))).transpose(2, 0, 1)


def split(photographs: Photographs) -> tuple[Photographs, Photographs]:
    """The photographs to train on, and HELD_OUT of each animal drawn by SEED."""
    random = np.random.default_rng(SEED)
    apart = np.zeros(len(photographs), bool)
    for label in range(2):
        apart[random.choice(np.flatnonzero(photographs.labels == label), HELD_OUT, replace=False)] = True
    return photographs[~apart], photographs[apart]
