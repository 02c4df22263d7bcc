"""A small model for tests: which colour a picture has most of."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

METADATA = {"name": "colour", "labels": '["red", "green", "blue"]', "size": "8"}


def write(
    path: Path,
    metadata: dict[str, str] | None = None,
    shape: tuple[Any, ...] = (1, 3, "height", "width"),
    kind: int = TensorProto.FLOAT,
    outputs: int = 3,
) -> Path:
    """Writes a model that gives the mean of each channel, tenfold, so that its softmax is decided."""
    channel = 3 if shape[-1] in {1, 3} and shape[1] not in {1, 3} else 1
    axes = [axis for axis in range(1, len(shape)) if axis != channel] or [0]
    channels = shape[channel] if len(shape) == 4 else 3
    weights = numpy_helper.from_array(np.eye(channels, outputs, dtype="f4") * 10, "weights")
    nodes = [
        helper.make_node("Cast", ["picture"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["floats"], ["means"], axes=axes, keepdims=0),
        helper.make_node("MatMul", ["means", "weights"], ["scores"]),
    ]
    graph = helper.make_graph(
        nodes,
        "colours",
        [helper.make_tensor_value_info("picture", kind, shape)],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, None)],
        [weights],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    helper.set_model_props(model, METADATA if metadata is None else metadata)
    onnx.save(model, path)
    return path


def split(path: Path) -> Path:
    """Writes a model whose numbers lie in a file beside it."""
    model = onnx.load(write(path))
    onnx.save(model, path, save_as_external_data=True, location="numbers.bin", size_threshold=0)
    return path
