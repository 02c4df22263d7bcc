"""A photo classified over HTTP, signed in and kept as a run, against the same in process and against Gradio.

`python -m benchmarks.classifications [--rounds N] [--photos N]`; one connection, one photo after another. In process is
what a worker does: JPEG draft decoding, resizing, inference, by Frontdesk's own code. Gradio decodes, resizes and asks
the same model in the plainest way; it neither signs in nor keeps.
"""

import argparse
import contextlib
import http.client
import io
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from benchmarks import rounds
from frontdesk.accounts import tokens
from frontdesk.context import Caller
from frontdesk.demo.making import FILES
from frontdesk.desk import Desk
from frontdesk.functions.media import Image
from frontdesk.functions.models import onnx

MODEL = FILES / "pets.onnx"
MOST, LEAST = 1.35, 2.0
SIZES = {"640 x 480": (640, 480), "12 megapixels": (4000, 3000)}
BOUNDARY = "a-photo-and-nothing-else"
GRADIO = """
import gradio, numpy, onnxruntime, sys

session = onnxruntime.InferenceSession(sys.argv[2], providers=["CPUExecutionProvider"])
taken = session.get_inputs()[0]

def classify(photo):
    pixels = numpy.asarray(photo.convert("RGB").resize(taken.shape[:1:-1]), "float32") / 127.5 - 1
    scores = session.run(None, {taken.name: pixels.transpose(2, 0, 1)[None]})[0].reshape(-1)
    return dict(zip(["cat", "dog", "neither"], map(float, scores)))

with gradio.Blocks() as page:
    photo, label, button = gradio.Image(type="pil"), gradio.Label(), gradio.Button()
    button.click(classify, photo, label, api_name="classify", queue=False)
page.launch(server_port=int(sys.argv[1]), quiet=True)
"""

Classify = Callable[[], object]


def photo(width: int, height: int) -> bytes:
    """A JPEG with as much in it as a photograph has."""
    from PIL import Image as Picture

    small = Picture.effect_noise((width // 8, height // 8), 90)
    scene = Picture.merge("RGB", [small, small.rotate(90).resize(small.size), small.rotate(180)])
    file = io.BytesIO()
    scene.resize((width, height), Picture.Resampling.BICUBIC).save(file, "JPEG", quality=88)
    return file.getvalue()


def in_process(content: bytes) -> Classify:
    """The model as a worker calls it."""
    classify, _ = onnx.load(str(MODEL))
    return lambda: classify(photo=Image(content, "photo.jpg"))


@contextlib.contextmanager
def frontdesk(folder: Path, content: bytes) -> Iterator[tuple[Classify, float]]:
    """A call over HTTP, and the seconds from the server's start to its first answer."""
    (folder / MODEL.name).write_bytes(MODEL.read_bytes())
    desk = Desk(folder, logs={"console": False})
    try:
        secret = tokens.create(desk.state, "bench", "editor", Caller("cli:bench", "admin"))
    finally:
        desk.close()
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": "image/jpeg"}
    port, began = rounds.free_port(), time.perf_counter()
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "frontdesk",
        "serve",
        folder,
        "--port",
        str(port),
        "--workers",
        "1",
    ]
    with rounds.serving(command, port):
        connection = http.client.HTTPConnection("127.0.0.1", port)
        classify = partial(_ask, connection, "/api/functions/classify", content, headers)
        classify()
        yield classify, time.perf_counter() - began


@contextlib.contextmanager
def gradio(programs: Path, folder: Path, content: bytes) -> Iterator[Classify]:
    """An upload and a call, as Gradio's own client makes them."""
    (folder / "page.py").write_text(GRADIO)
    port = rounds.free_port()
    command: list[str | Path] = [programs / "python", folder / "page.py", str(port), MODEL]
    form = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="files"; filename="photo.jpg"\r\n\r\n'.encode()
    body = form + content + f"\r\n--{BOUNDARY}--\r\n".encode()
    with rounds.serving(command, port, GRADIO_ANALYTICS_ENABLED="False"):
        connection = http.client.HTTPConnection("127.0.0.1", port)

        def classify() -> object:
            upload = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
            path = _ask(connection, "/gradio_api/upload", body, upload)[0]
            given = json.dumps({"data": [{"path": path, "meta": {"_type": "gradio.FileData"}}]}).encode()
            return _ask(connection, "/gradio_api/run/classify", given, {"Content-Type": "application/json"})

        classify()
        yield classify


def _ask(connection: http.client.HTTPConnection, path: str, body: bytes, headers: dict[str, str]) -> "list[str]":
    connection.request("POST", path, body, headers)
    answer = connection.getresponse()
    content = answer.read()
    if answer.status != 200:
        raise RuntimeError(f"{path} answered {answer.status}: {content[:300]!r}")
    found: list[str] = json.loads(content)
    return found


def milliseconds(classify: Classify, photos: int) -> float:
    """The median of one classification."""
    times = []
    for _ in range(photos):
        began = time.perf_counter()
        classify()
        times.append(time.perf_counter() - began)
    return statistics.median(times) * 1000


def main() -> None:
    """Prints medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--photos", type=int, default=40)
    given = parser.parse_args()
    programs = rounds.peer("gradio-models", "gradio", "onnxruntime")
    print(f"{rounds.version(programs, 'gradio')}; {rounds.noise()}")
    for name, size in SIZES.items():
        _compare(programs, name, photo(*size), given.rounds, given.photos)


def _compare(programs: Path, size: str, content: bytes, times: int, photos: int) -> None:
    print(f"{size}: a JPEG of {len(content) // 1000} kB")
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        (folder / "desk").mkdir()
        over_http, first = stack.enter_context(frontdesk(folder / "desk", content))
        classifies = {
            "in process": in_process(content),
            "frontdesk": over_http,
            "gradio": stack.enter_context(gradio(programs, folder, content)),
        }
        measures = {name: partial(milliseconds, classify, photos) for name, classify in classifies.items()}
        found = rounds.measure(times, measures)
    for name, median in found.items():
        print(f"  {name:36} {median:10.2f} ms a photo")
    ours = found["frontdesk"]
    print(rounds.told(f"{size} over HTTP, to in process", ours / found["in process"], MOST, at_least=False))
    print(rounds.told(f"{size}, faster than gradio", found["gradio"] / ours, LEAST))
    print(f"first answer {first:.2f} s after the start (goal: within 2 s)")


if __name__ == "__main__":
    main()
