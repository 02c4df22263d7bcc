"""Averages two checkpoints of one training: python average.py ONE OTHER OUT (Wortsman et al. 2022)."""

import argparse
from pathlib import Path

import torch


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("one", "other", "out"):
        parser.add_argument(name, type=Path)
    given = parser.parse_args()
    one, other = (torch.load(file, weights_only=True) for file in (given.one, given.other))
    for name, weights in one["average"].items():
        if weights.is_floating_point():
            one["average"][name] = (weights + other["average"][name]) / 2
    torch.save(one, given.out)


if __name__ == "__main__":
    main()
