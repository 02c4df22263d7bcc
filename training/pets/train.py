"""Trains the classifier from nothing on the CPU: python train.py PHOTOGRAPHS OUT. A stopped one goes on.

One process for each core, one thread in each: they meet once a step, so a busy neighbour slows them and no more.
"""

import argparse
import json
import os
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import augmentation
import neither
import numpy as np
import photographs
import torch
from muon import Muon
from network import Network
from photographs import LABELS
from torch import Tensor, distributed, nn
from torch.nn import functional

BATCH = 64  # of each process
NEITHER = 5  # of a batch show neither animal
DRAWN = 3000
SMOOTHING = 0.05
AVERAGE = 0.998  # what the averaged weights keep at each step
MIXED = 0.25  # share of batches whose pictures are mixed in pairs, before the last tenth
DOUBTFUL = 0.007  # share of the photographs left out of the decay: what the network itself finds mislabelled
MUON_RATE, ADAM_RATE = 0.02, 2e-3
NEITHER_LABEL = LABELS.index("neither")


@dataclass(frozen=True)
class Plan:
    """The rates fall to nothing over the last `decay` of `epochs`; `sizes` are (from epoch, pixels)."""

    epochs: int
    decay: int
    sizes: tuple[tuple[int, int], ...]

    def size(self, epoch: int) -> int:
        return [pixels for first, pixels in self.sizes if epoch >= first][-1]

    def rate(self, epoch: float) -> float:
        return min(1.0, (epoch + 0.02), max(0.0, (self.epochs - epoch) / self.decay))

    def mixes(self, epoch: int) -> bool:
        return epoch < self.epochs * 0.9

    def decays(self, epoch: int) -> bool:
        return epoch >= self.epochs - self.decay


class Training:
    """Network, averaged weights, optimisers and how far they are."""

    def __init__(self) -> None:
        torch.manual_seed(photographs.SEED)
        self.network = Network().to(memory_format=torch.channels_last)
        self.average = torch.optim.swa_utils.AveragedModel(
            self.network, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(AVERAGE), use_buffers=True
        )
        filters = [weights for weights in self.network.parameters() if weights.ndim == 4]
        others = [weights for weights in self.network.parameters() if weights.ndim != 4]
        self.optimisers = [
            Muon(filters, lr=MUON_RATE, decay=0.02),
            torch.optim.AdamW(others, lr=ADAM_RATE, betas=(0.9, 0.98), weight_decay=0.0),
        ]
        self.rates = (MUON_RATE, ADAM_RATE)
        self.epoch = 0
        self.seconds = 0.0

    def state(self) -> dict[str, object]:
        optimisers = [optimiser.state_dict() for optimiser in self.optimisers]
        return {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimisers": optimisers,
            "epoch": self.epoch,
            "seconds": self.seconds,
        }

    def load(self, file: Path) -> None:
        state = torch.load(file, weights_only=True)
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        for optimiser, kept in zip(self.optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(kept)
        self.epoch, self.seconds = state["epoch"], state["seconds"]

    def set_rate(self, share: float) -> None:
        for optimiser, rate in zip(self.optimisers, self.rates, strict=True):
            optimiser.param_groups[0]["lr"] = rate * share

    def step(self, pictures: Tensor, targets: Tensor) -> float:
        with torch.autocast("cpu", torch.bfloat16):
            logits = self.network(pictures.to(memory_format=torch.channels_last))
        loss = functional.cross_entropy(logits.float(), targets, label_smoothing=SMOOTHING)
        self.network.zero_grad()
        loss.backward()
        _meet(self.network)
        for optimiser in self.optimisers:
            optimiser.step()
        self.average.update_parameters(self.network)
        return float(loss.detach())


def _meet(network: nn.Module) -> None:
    """The processes' gradients, averaged."""
    gradients = [weights.grad for weights in network.parameters()]
    flat = torch.cat([gradient.flatten() for gradient in gradients])
    distributed.all_reduce(flat)
    flat /= distributed.get_world_size()
    for gradient, part in zip(gradients, flat.split([gradient.numel() for gradient in gradients]), strict=True):
        gradient.copy_(part.view_as(gradient))


@torch.inference_mode()
def predict(network: nn.Module, pictures: Tensor, size: int) -> Tensor:
    """Probabilities (N, LABELS) of pictures given as bytes, seen whole at `size` pixels."""
    network.eval()
    answers = []
    for part in pictures.split(100):
        floats = part.float().div_(127.5).sub_(1)
        if size != floats.shape[-1]:
            floats = functional.interpolate(floats, size, mode="bilinear", align_corners=False, antialias=True)
        with torch.autocast("cpu", torch.bfloat16):
            answers.append(network(floats.to(memory_format=torch.channels_last)).float().softmax(1))
    network.train()
    return torch.cat(answers)


def mix(pictures: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Each picture with a box of its neighbour's, or blended with it, and the targets likewise (CutMix, mixup)."""
    other, other_targets = pictures.roll(1, 0), targets.roll(1, 0)
    share = float(torch.distributions.Beta(1.0, 1.0).sample())
    if torch.rand(()) < 0.5:
        return torch.lerp(other, pictures, share), torch.lerp(other_targets, targets, share)
    size = pictures.shape[-1]
    side = int(size * (1 - share) ** 0.5)
    x, y = (int(place * (size - side + 1)) for place in torch.rand(2))
    pictures = pictures.clone()
    pictures[:, :, y : y + side, x : x + side] = other[:, :, y : y + side, x : x + side]
    return pictures, torch.lerp(other_targets, targets, 1 - side * side / size / size)


def train_epoch(training: Training, plan: Plan, pictures: Tensor, labels: Tensor, drawn: Tensor) -> float:
    """The mean loss of one pass over this process's half of the photographs."""
    rank, world = distributed.get_rank(), distributed.get_world_size()
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(training.epoch))
    steps = len(order) // world // BATCH
    torch.manual_seed(photographs.SEED + training.epoch * world + rank)
    size, losses = plan.size(training.epoch), 0.0
    for step in range(steps):
        training.set_rate(plan.rate(training.epoch + step / steps))
        batch = order[(step * world + rank) * BATCH :][:BATCH]
        shown, answers = pictures[batch], labels[batch].clone()
        pieces = NEITHER // 2
        shown[:pieces] = augmentation.shuffle(shown[:pieces])
        shown[pieces:NEITHER] = drawn[torch.randint(len(drawn), (NEITHER - pieces,))]
        answers[:NEITHER] = NEITHER_LABEL
        shown, targets = augmentation.augment(shown, size), functional.one_hot(answers, len(LABELS)).float()
        if torch.rand(()) < MIXED and plan.mixes(training.epoch):
            shown, targets = mix(shown, targets)
        losses += training.step(shown, targets)
    return losses / steps


def clean(training: Training, pictures: Tensor, labels: Tensor) -> Tensor:
    """The places of the photographs to go on with: without those whose own label the network finds least likely."""
    likely = predict(training.average.module, pictures, photographs.SIDE)[torch.arange(len(labels)), labels]
    return torch.sort(likely.argsort()[int(len(labels) * DOUBTFUL) :]).values


def work(rank: int, world: int, given: argparse.Namespace, plan: Plan) -> None:
    """One of the processes, from the last checkpoint to the plan's end."""
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(given.port)}
    torch.set_num_threads(1)
    distributed.init_process_group("gloo", rank=rank, world_size=world, timeout=timedelta(hours=2))
    kept, held = photographs.split(photographs.read(given.photographs, given.out))
    pictures, labels = torch.from_numpy(kept.pictures), torch.from_numpy(kept.labels)
    held_pictures, held_labels = torch.from_numpy(held.pictures), torch.from_numpy(held.labels)
    drawn = torch.from_numpy(neither.draw(DRAWN, photographs.SEED))
    training, checkpoint = Training(), given.out / "checkpoint.pt"
    if checkpoint.exists():
        training.load(checkpoint)
    cleaned = False
    while training.epoch < plan.epochs:
        started = time.monotonic()
        if plan.decays(training.epoch) and not cleaned:
            places, cleaned = clean(training, pictures, labels), True
            if rank == 0:
                left_out = np.setdiff1d(np.arange(len(labels)), places.numpy())
                (given.out / "left_out.txt").write_text("\n".join(kept.names[left_out]) + "\n")
            pictures, labels = pictures[places], labels[places]
        loss = train_epoch(training, plan, pictures, labels, drawn)
        training.epoch += 1
        training.seconds += time.monotonic() - started
        if rank == 0:
            torch.save(training.state(), checkpoint.with_suffix(".new"))
            os.replace(checkpoint.with_suffix(".new"), checkpoint)
            answers = predict(training.average.module, held_pictures, photographs.SIDE)
            right = float((answers[:, :2].argmax(1) == held_labels).float().mean())
            line = {
                "epoch": training.epoch,
                "size": plan.size(training.epoch - 1),
                "loss": round(loss, 4),
                "held_out": round(right, 4),
                "minutes": round(training.seconds / 60, 1),
            }
            with (given.out / "curve.jsonl").open("a") as curve:
                curve.write(json.dumps(line) + "\n")
        distributed.barrier()
    distributed.destroy_process_group()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photographs", type=Path, help="a folder with cat/*.jpg and dog/*.jpg, 128 x 128 pixels")
    parser.add_argument("out", type=Path, help="where checkpoint.pt, curve.jsonl and left_out.txt are written")
    parser.add_argument("--epochs", type=int, default=120)
    parser.add_argument("--decay", type=int, default=25, help="the last epochs, in which the rates fall to nothing")
    parser.add_argument("--sizes", default="0:64,20:96,60:112,95:128", help="FROM_EPOCH:PIXELS, …")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--port", type=int, default=29511, help="on which the processes meet")
    given = parser.parse_args()
    sizes = tuple((int(first), int(pixels)) for first, pixels in (part.split(":") for part in given.sizes.split(",")))
    photographs.read(given.photographs, given.out)
    plan = Plan(given.epochs, given.decay, sizes)
    torch.multiprocessing.spawn(work, (given.processes, given, plan), nprocs=given.processes)


if __name__ == "__main__":
    main()
