"""What happens to a batch before the network sees it: other framings, cameras and lights."""

import io
import math

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

PADDINGS = ("reflection", "border", "zeros")


def augment(pictures: Tensor, size: int) -> Tensor:
    """Bytes (N, 3, S, S) as floats (N, 3, size, size) around 0, each changed in its own way."""
    batch = pictures.clone()
    some = _some(len(batch), 0.15)
    batch[some] = _recompress(batch[some])
    floats = batch.float().div_(127.5).sub_(1)
    if size <= 80:
        floats = functional.avg_pool2d(floats, 2)  # else the sampling below would skip every other pixel
    framed = _frame(floats, size)
    coloured = _colour(framed)
    some = _some(len(batch), 0.25)
    coloured[some] = _coarsen(coloured[some])
    some = _some(len(batch), 0.15)
    coloured[some] += torch.randn_like(coloured[some]) * torch.rand(len(some), 1, 1, 1) * 0.15
    some = _some(len(batch), 0.2)
    coloured[some] = _cover(coloured[some])
    return coloured.clamp_(-1.2, 1.2)


def shuffle(pictures: Tensor, pieces: int = 8) -> Tensor:
    """The pictures cut into pieces x pieces squares and put together at random: fur and grass, and no animal."""
    count, channels, side, _ = pictures.shape
    size = side // pieces
    cut = pictures.reshape(count, channels, pieces, size, pieces, size).permute(0, 2, 4, 1, 3, 5).flatten(1, 2)
    order = torch.rand(count, pieces * pieces).argsort(1)
    mixed = cut[torch.arange(count)[:, None], order].unflatten(1, (pieces, pieces))
    return mixed.permute(0, 3, 1, 4, 2, 5).reshape(count, channels, side, side)


def _some(count: int, share: float) -> Tensor:
    return torch.flatten(torch.nonzero(torch.rand(count) < share))


def _between(low: float, high: float, count: int) -> Tensor:
    return torch.empty(count).uniform_(low, high)


def _frame(pictures: Tensor, size: int) -> Tensor:
    """Mirrored, turned by up to 20 degrees, cut to as little as a quarter or shrunk into a margin, stretched."""
    count = len(pictures)
    scale = torch.where(torch.rand(count) < 0.25, _between(1.0, 1.7, count), _between(0.5, 1.0, count))
    stretch = torch.exp(_between(-0.2, 0.2, count))
    across, down = scale * stretch, scale / stretch
    angle = torch.randn(count) * math.radians(8)
    mirror = torch.where(torch.rand(count) < 0.5, -1.0, 1.0)
    turn = torch.stack(
        [
            torch.stack([torch.cos(angle) * across * mirror, -torch.sin(angle) * down], -1),
            torch.stack([torch.sin(angle) * across * mirror, torch.cos(angle) * down], -1),
        ],
        1,
    )
    move = torch.stack([(1 - across).abs(), (1 - down).abs()], -1) * _between(-1, 1, 2 * count).view(count, 2)
    grid = functional.affine_grid(torch.cat([turn, move[..., None]], -1), [count, 3, size, size], align_corners=False)
    padding = PADDINGS[int(torch.randint(len(PADDINGS), ()))]
    return functional.grid_sample(pictures, grid, padding_mode=padding, align_corners=False)


def _colour(pictures: Tensor) -> Tensor:
    """Other lights: brightness, contrast, saturation, a tint; some without colour."""
    count = len(pictures)

    def each(low: float, high: float, channels: int = 1) -> Tensor:
        return _between(low, high, count * channels).view(count, channels, 1, 1)

    grey = pictures.mean(1, keepdim=True)
    saturation = torch.where(torch.rand(count, 1, 1, 1) < 0.08, torch.zeros(count, 1, 1, 1), each(0.5, 1.5))
    coloured = torch.lerp(grey, pictures, saturation)
    middle = coloured.mean((1, 2, 3), keepdim=True)
    return (coloured - middle) * each(0.6, 1.5) * each(0.9, 1.1, 3) + middle + each(-0.3, 0.3) + each(-0.07, 0.07, 3)


def _coarsen(pictures: Tensor) -> Tensor:
    """Made small and large again: out of focus, or taken from afar."""
    if not len(pictures):
        return pictures
    small = max(24, int(pictures.shape[-1] * float(torch.empty(()).uniform_(0.35, 0.8))))
    shrunk = functional.interpolate(pictures, small, mode="area")
    return functional.interpolate(shrunk, pictures.shape[-1], mode="bilinear", align_corners=False)


def _cover(pictures: Tensor) -> Tensor:
    """A grey box over a part."""
    size = pictures.shape[-1]
    for picture in pictures:
        width, height = (int(size * side) for side in torch.empty(2).uniform_(0.15, 0.5))
        x, y = (int(place * size) for place in torch.empty(2).uniform_(0, 0.8))
        picture[:, y : y + height, x : x + width] = torch.empty(3, 1, 1).uniform_(-1, 1)
    return pictures


def _recompress(pictures: Tensor) -> Tensor:
    """Through JPEG once more, at a quality between 15 and 60."""
    again = []
    for picture in pictures:
        stored = io.BytesIO()
        Image.fromarray(picture.permute(1, 2, 0).numpy()).save(stored, "JPEG", quality=int(torch.randint(15, 60, ())))
        again.append(np.asarray(Image.open(stored)).transpose(2, 0, 1))
    return torch.from_numpy(np.stack(again)) if again else pictures
