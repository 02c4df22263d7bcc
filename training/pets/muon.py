"""Muon for convolutions: momentum made orthogonal by Newton-Schulz steps (Jordan 2024, "Muon")."""

from collections.abc import Iterable

import torch
from torch import Tensor

STEPS = 5
QUINTIC = (3.4445, -4.7750, 2.0315)


class Muon(torch.optim.Optimizer):
    """Nesterov momentum, each filter bank's update orthogonal; torch.optim.Muon takes matrices only."""

    def __init__(self, parameters: Iterable[Tensor], lr: float, momentum: float = 0.95, decay: float = 0.0) -> None:
        super().__init__(parameters, {"lr": lr, "momentum": momentum, "decay": decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            for weights in group["params"]:
                kept = self.state[weights].setdefault("momentum", torch.zeros_like(weights))
                kept.lerp_(weights.grad, 1 - group["momentum"])
                update = orthogonal(weights.grad.lerp(kept, group["momentum"]).flatten(1))
                scale = max(1.0, update.shape[0] / update.shape[1]) ** 0.5
                weights.mul_(1 - group["lr"] * group["decay"])
                weights.add_(update.view_as(weights), alpha=-group["lr"] * scale)


def orthogonal(matrix: Tensor) -> Tensor:
    """The nearest matrix whose singular values are about 1."""
    a, b, c = QUINTIC
    x = matrix.bfloat16()
    tall = x.shape[0] > x.shape[1]
    if tall:
        x = x.T
    x = x / (x.norm() + 1e-7)
    for _ in range(STEPS):
        square = x @ x.T
        x = a * x + (b * square + c * square @ square) @ x
    return (x.T if tall else x).to(matrix.dtype)
