"""A small function called over HTTP, signed in with a token and kept as a run, against Gradio and FastAPI.

`python -m benchmarks.calls [--rounds N] [--seconds S]`; the load comes from kept connections of a plain Python process.
Gradio's and FastAPI's calls are neither signed in nor kept; Gradio's queue is off, which is its fastest way.
"""

import argparse
import contextlib
import json
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks import rounds
from benchmarks.rounds import Request
from frontdesk.accounts import tokens
from frontdesk.context import Caller
from frontdesk.desk import Desk

GOAL = 5
CONNECTIONS = 8
FUNCTION = """
def divide(a: float, b: float) -> float:
    return a / b
"""
OURS = f"import frontdesk\n\n\n@frontdesk.function{FUNCTION}"
GRADIO = f"""
import gradio, sys
{FUNCTION}
with gradio.Blocks() as page:
    a, b, result, button = gradio.Number(), gradio.Number(), gradio.Number(), gradio.Button()
    button.click(divide, [a, b], result, api_name="divide", queue=False)
page.launch(server_port=int(sys.argv[1]), quiet=True)
"""
FASTAPI = """
import fastapi, pydantic, sys, uvicorn

class Given(pydantic.BaseModel):
    a: float
    b: float

app = fastapi.FastAPI()

@app.post("/divide")
{how} divide(given: Given) -> float:
    return given.a / given.b

uvicorn.run(app, port=int(sys.argv[1]), log_level="warning")
"""
BODY = json.dumps({"a": 1, "b": 2})


@contextlib.contextmanager
def frontdesk(folder: Path, processes: int) -> Iterator[tuple[int, Request]]:
    """Frontdesk with one function: its port and the request."""
    (folder / "arithmetic.py").write_text(OURS)
    desk = Desk(folder, logs={"console": False})
    try:
        secret = tokens.create(desk.state, f"bench{processes}", "editor", Caller("cli:bench", "admin"))
    finally:
        desk.close()
    port = rounds.free_port()
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "frontdesk",
        "serve",
        folder,
        "--port",
        str(port),
        "--processes",
        str(processes),
    ]
    headers = {"Authorization": f"Bearer {secret}"}
    with rounds.serving(command, port):
        yield port, Request("/api/functions/divide", headers, "POST", BODY)


@contextlib.contextmanager
def peer(programs: Path, folder: Path, name: str, code: str) -> Iterator[int]:
    """The port of a peer that runs `code`."""
    (folder / f"{name}.py").write_text(code)
    port = rounds.free_port()
    with rounds.serving(
        [programs / "python", folder / f"{name}.py", str(port)], port, GRADIO_ANALYTICS_ENABLED="False"
    ):
        yield port


def main() -> None:
    """Prints medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4)
    given = parser.parse_args()
    programs = rounds.peer("gradio", "gradio", "fastapi", "uvicorn")
    print(f"{rounds.version(programs, 'gradio')}, {rounds.version(programs, 'fastapi')}; {rounds.noise()}")
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        (folder / "desk").mkdir()
        asked: dict[str, tuple[int, Request]] = {}
        for processes in (1, 2):
            told = f"frontdesk, {processes} web process{'es' if processes > 1 else ''}"
            asked[told] = stack.enter_context(frontdesk(folder / "desk", processes))
        to_gradio = Request("/gradio_api/run/divide", {}, "POST", json.dumps({"data": [1, 2]}))
        asked["gradio"] = stack.enter_context(peer(programs, folder, "gradio_page", GRADIO)), to_gradio
        for how in ("def", "async def"):
            port = stack.enter_context(peer(programs, folder, how.replace(" ", "_"), FASTAPI.format(how=how)))
            asked[f"fastapi, {how}"] = port, Request("/divide", {}, "POST", BODY)
        for port, request in asked.values():
            rounds.load(port, request, 1, CONNECTIONS)
        rates = rounds.Rates()
        measures = {
            name: partial(rates.per_second, name, port, request, given.seconds, CONNECTIONS)
            for name, (port, request) in asked.items()
        }
        found = rounds.measure(given.rounds, measures)
    rates.show(found)
    for name in list(found)[:2]:
        print(rounds.told(f"{name}, against gradio", found[name] / found["gradio"], GOAL))
        print(f"{name + ', against fastapi (def)':60} {found[name] / found['fastapi, def']:8.2f}x")


if __name__ == "__main__":
    main()
