"""Makes the model that is shipped from a checkpoint: python export.py PHOTOGRAPHS OUT MODEL.onnx.

The averaged weights, which see a picture as it is and mirrored, at a temperature that makes the probabilities honest;
in 8 bits (quantize-dequantize nodes, one scale for each channel), with what Frontdesk needs in the metadata.
"""

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np
import onnx
import photographs
import torch
from network import Network
from onnxruntime import quantization
from photographs import LABELS
from torch import Tensor, nn
from torch.nn import functional

SIZE = 144  # pixels: somewhat more than the photographs have is seen better
CALIBRATION = 400  # photographs of the training set
THRESHOLD = 0.65
TITLE = "Cat or dog?"
DESCRIPTION = "Tells whether a photo shows a cat or a dog, and says so when it is not sure."


class Shipped(nn.Module):
    """Probabilities (1, LABELS) of one picture."""

    def __init__(self, network: Network, temperature: float) -> None:
        super().__init__()
        self.network, self.temperature = network, temperature

    def forward(self, picture: Tensor) -> Tensor:
        both = torch.cat([picture, picture.flip(3)])
        return (self.network(both).mean(0, keepdim=True) / self.temperature).softmax(1)


def averaged(checkpoint: Path) -> Network:
    """The averaged network of a checkpoint, ready to be asked."""
    state = torch.load(checkpoint, weights_only=True)["average"]
    network = Network()
    network.load_state_dict({name.removeprefix("module."): kept for name, kept in state.items() if "module." in name})
    return network.eval()


def prepared(pictures: np.ndarray) -> Tensor:
    """Bytes (N, 3, S, S) as the network takes them, at SIZE."""
    floats = torch.from_numpy(pictures).float().div_(127.5).sub_(1)
    return functional.interpolate(floats, SIZE, mode="bicubic", align_corners=False, antialias=True)


@torch.inference_mode()
def logits(network: Network, pictures: np.ndarray) -> Tensor:
    """Of each picture and its mirror image, the mean."""
    parts = [prepared(pictures[start : start + 100]) for start in range(0, len(pictures), 100)]
    return torch.cat([(network(part) + network(part.flip(3))) / 2 for part in parts])


def temperature(answers: Tensor, labels: Tensor) -> float:
    """The temperature at which the held-out photographs are likeliest (Guo et al. 2017, "On Calibration")."""
    grid = torch.linspace(0.3, 2.5, 221)
    losses = [float(functional.cross_entropy(answers / value, labels)) for value in grid]
    return float(grid[int(np.argmin(losses))])


class Calibration(quantization.CalibrationDataReader):
    """Photographs, one at a time, by which the ranges of the activations are found."""

    def __init__(self, pictures: np.ndarray) -> None:
        self._pictures = iter(prepared(pictures)[:, None].numpy())

    def get_next(self) -> dict[str, np.ndarray] | None:
        picture = next(self._pictures, None)
        return None if picture is None else {"picture": picture}


def export(network: Network, value: float, calibration: np.ndarray, target: Path) -> None:
    """Writes the model in 8 bits."""
    shipped, example = Shipped(network, value).eval(), torch.zeros(1, 3, SIZE, SIZE)
    with tempfile.TemporaryDirectory() as folder:
        plain, ready = Path(folder, "plain.onnx"), Path(folder, "ready.onnx")
        torch.onnx.export(
            shipped, (example,), plain, input_names=["picture"], output_names=["scores"], opset_version=17, dynamo=False
        )
        quantization.quant_pre_process(plain, ready)
        quantization.quantize_static(
            ready,
            target,
            Calibration(calibration),
            quant_format=quantization.QuantFormat.QDQ,
            per_channel=True,
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
        )
    model = onnx.load(target)
    onnx.helper.set_model_props(model, metadata())
    model.producer_name, model.doc_string = "training/pets", DESCRIPTION
    onnx.save(model, target)


def metadata() -> dict[str, str]:
    """What Frontdesk reads: names, labels and how a picture becomes numbers."""
    return {
        "name": "classify",
        "title": TITLE,
        "description": DESCRIPTION,
        "input": "photo",
        "labels": json.dumps(LABELS),
        "mean": "[127.5]",
        "scale": json.dumps([1 / 127.5]),
        "doubt": "neither",
        "threshold": str(THRESHOLD),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photographs", type=Path)
    parser.add_argument("out", type=Path, help="the folder with checkpoint.pt")
    parser.add_argument("model", type=Path)
    given = parser.parse_args()
    kept, held = photographs.split(photographs.read(given.photographs, given.out))
    network = averaged(given.out / "checkpoint.pt")
    answers, labels = logits(network, held.pictures), torch.from_numpy(held.labels)
    value = temperature(answers, labels)
    drawn = np.random.default_rng(photographs.SEED).choice(len(kept), CALIBRATION, replace=False)
    export(network, value, kept.pictures[drawn], given.model)
    right = float((answers[:, :2].argmax(1) == labels).float().mean())
    print(
        f"{given.model}: {given.model.stat().st_size / 1e6:.2f} MB, temperature {value:.2f}, before 8 bits {right:.1%}"
    )


if __name__ == "__main__":
    main()
