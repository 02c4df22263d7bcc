"""The tour through the demo desk: steps for a newcomer to click, and the same steps walked over HTTP."""

import html
import json
import struct
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

FILE = "tour.json"
"""In the desk's state folder: the home page shows the steps that it lists."""

EMPLOYEES = "/api/databases/example/tables/employees/rows"
SALES = "/api/databases/sales_data"

Body = Mapping[str, Any] | bytes | None


@dataclass(frozen=True)
class Step:
    """One step: what to do, what it shows, and on which page it begins."""

    title: str
    text: str
    page: str


STEPS = (
    Step(
        "Change Krish's age",
        "Open the row, write another age, save.",
        "/databases/example/tables/employees/rows/1",
    ),
    Step(
        "See who did it, and undo it",
        "The table's history names you, the request and both values; Undo restores the row.",
        "/databases/example/tables/employees/history",
    ),
    Step("Delete Bob", "Open his row and press Delete. This too can be undone.", "/databases/example/tables/employees"),
    Step(
        "Import a CSV",
        "Choose or drop a file of your own: its columns are shown first; the load is one change, to be undone.",
        "/databases/sales_data/import",
    ),
    Step(
        "Write a query",
        "Press Run: the five best months. :region becomes a field, and Save gives the query a name.",
        "/databases/sales_data/query?sql="
        "SELECT%20substr(date,%201,%207)%20AS%20month,%20sum(sales)%20AS%20sales%0AFROM%20sales%0A"
        "WHERE%20region%20=%20:region%0AGROUP%20BY%20month%20ORDER%20BY%20sales%20DESC%20LIMIT%205",
    ),
    Step("Call divide(20, 0)", "A typed Python function is a form: press Run.", "/functions/divide"),
    Step(
        "Open its run",
        "Inputs, result, and the ERROR record that the function logged meanwhile.",
        "/runs?function=divide",
    ),
    Step("Find the record in the logs", "Filter by level; the record links back to its run.", "/logs?level=ERROR"),
    Step(
        "Enter a grade below the average",
        "This function writes a row and logs a WARNING: its run shows both, and Undo takes the row back.",
        "/functions/record_grade",
    ),
    Step("Raise a logger's level", "Set ArithmeticApp to ERROR: every process obeys within a second.", "/loggers"),
    Step("Open a page of your own", "A template filled from a table, a CSV file and a function.", "/pages/report"),
    Step(
        "Upload a photo of a cat or a dog",
        "A model file is a function too: read what it says, and open its run, which keeps the photo.",
        "/functions/classify",
    ),
)


def write(state_folder: Path) -> None:
    """Puts the steps where the home page finds them."""
    state_folder.mkdir(mode=0o700, exist_ok=True)
    (state_folder / FILE).write_text(json.dumps([asdict(step) for step in STEPS], indent=1), "utf-8")


class Surprise(Exception):
    """A step answered something else than the tour promises."""


class Visitor:
    """A signed-in browser, as far as the tour needs one."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def ask(self, method: str, path: str, body: Body = None, kind: str = "") -> tuple[int, str]:
        """Status and text of the answer, after redirects. A body is JSON, or bytes of a media type `kind`."""
        url = urljoin(self._address, path)
        headers = {"Origin": self._address.rstrip("/"), "Accept": "application/json" if "/api/" in url else "text/html"}
        data = None
        if body is not None:
            headers["Content-Type"] = kind or "application/json"
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
        elif method == "POST":
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            data = b""
        request = urllib.request.Request(url, data, headers, method=method)  # noqa: S310 - our own address
        try:
            with self._opener.open(request, timeout=30) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def json(self, method: str, path: str, body: Body = None, kind: str = "") -> Any:
        """The JSON of an answer. Raises Surprise when it is no success."""
        status, text = self.ask(method, path, body, kind)
        if status >= 300:
            raise Surprise(f"{method} {path} answered {status}: {text[:500]}")
        return json.loads(text) if text else None

    def page(self, path: str, *expected: str) -> None:
        """Opens a page. Raises Surprise when it cannot be opened, or lacks what is expected on it."""
        status, text = self.ask("GET", path)
        if status != 200:
            raise Surprise(f"GET {path} answered {status}")
        for part in expected:
            expect(part in html.unescape(text), f"{path} does not show {part!r}")


def expect(condition: object, otherwise: str) -> None:
    """Raises Surprise unless the condition holds."""
    if not condition:
        raise Surprise(otherwise)


def walk(address: str, link: str, tell: Callable[[str], object]) -> bool:
    """Walks the tour as the user of the one-time `link`, telling what each step answered; whether all went well."""
    visitor = Visitor(address)
    steps = _walk(visitor, link)
    while True:
        try:
            tell(f"ok      {next(steps)}")
        except StopIteration:
            return True
        except (Surprise, OSError, ValueError, LookupError) as error:
            tell(f"failed  {error}")
            return False


def _walk(visitor: Visitor, link: str) -> Iterator[str]:
    status, _ = visitor.ask("POST", link)
    expect(status == 200, f"the one-time link answered {status}")
    me = visitor.json("GET", "/api/me")
    yield f"Sign in by the one-time link: {me['name']}, {me['role']}"
    visitor.page("/", STEPS[0].title)
    for step in STEPS:
        visitor.page(step.page)
    yield f"Open the home page and the pages of all {len(STEPS)} steps"
    yield from _walk_tables(visitor)
    yield from _walk_doors(visitor)
    yield from _walk_functions(visitor)
    visitor.page("/pages/report", "North", "targets.csv")
    yield "Open a page of your own: report"
    yield _walk_models(visitor)


def _walk_tables(visitor: Visitor) -> Iterator[str]:
    row = visitor.json("GET", f"{EMPLOYEES}/1")["row"]
    changed = visitor.json("PATCH", f"{EMPLOYEES}/1", {"age": row["age"] + 2})["row"]
    yield f"Change Krish's age: {row['age']} is now {changed['age']}"
    change = visitor.json("GET", f"{EMPLOYEES}/1/history")["changes"][0]
    expect(change["after"]["age"] == changed["age"], f"the history shows {change}")
    yield f"See who did it: change {change['id']} by {change['user']}, request {change['request']}"
    undone = visitor.json("POST", f"/api/changes/{change['id']}/undo")
    expect(visitor.json("GET", f"{EMPLOYEES}/1")["row"] == row, "the row is not what it was")
    yield f"Undo it: {undone['undone']} row restored, age {row['age']}"
    found = visitor.json("GET", f"{EMPLOYEES}?name=Bob")["rows"]
    for bob in found:
        visitor.json("DELETE", f"{EMPLOYEES}/{bob['id']}")
    names = [employee["name"] for employee in visitor.json("GET", EMPLOYEES)["rows"]]
    expect("Bob" not in names, "Bob is still there")
    yield f"Delete Bob: {', '.join(names)} remain"


def _walk_doors(visitor: Visitor) -> Iterator[str]:
    csv = b"region,manager\nNorth,Ann\nSouth,02134\n"
    loaded = visitor.json("POST", f"{SALES}/tables/managers/import?create=1", csv, "text/csv")
    expect(loaded["inserted"] == 2, f"the import answered {loaded}")
    undone = visitor.json("POST", f"/api/changes/{loaded['change']}/undo")
    yield f"Import a CSV: {loaded['inserted']} rows, taken back by undoing change {undone['changes'][0]}"
    asked = {"sql": "SELECT sum(sales) AS total FROM sales WHERE region = :region", "parameters": {"region": "North"}}
    found = visitor.json("POST", f"{SALES}/query", asked)
    yield f"Write a query: {found['columns'][0]} {found['rows'][0][0]} in {found['milliseconds']:.1f} ms"


def _walk_models(visitor: Visitor) -> str:
    """Sends a picture of an evening sky, since no photograph comes along."""
    functions = [function["name"] for function in visitor.json("GET", "/api/functions")["functions"]]
    if "classify" not in functions:
        return "Upload a photo: not here, models need: pip install 'frontdesk[models]'"
    told = visitor.json("POST", "/api/functions/classify", _sky(), "image/png")
    expect(told["result"]["label"] == "not sure", f"a picture of the sky is {told['result']}")
    visitor.page(f"/runs/{told['run']}", "Not sure")
    return f"Upload a photo (of the sky): run {told['run']}, {told['result']['label']}"


def _sky(width: int = 160, height: int = 120) -> bytes:
    """A PNG of red that turns blue (RFC 2083: signature, header, data, end; each chunk with length, name and sum)."""
    lines = b"".join(b"\0" + bytes((230 - y, 120, 80 + y)) * width for y in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(lines)), (b"IEND", b""))
    parts = [
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _walk_functions(visitor: Visitor) -> Iterator[str]:
    called = visitor.json("POST", "/api/functions/divide", {"a": 20, "b": 0})
    yield f"Call divide(20, 0): run {called['run']}, result {called['result']}"
    run = visitor.json("GET", f"/api/runs/{called['run']}")
    record = run["records"][0]
    expect((record["level"], record["message"]) == ("ERROR", "Division by zero error"), f"the run's record is {record}")
    visitor.page(f"/runs/{called['run']}", record["message"])
    yield f"Open its run: {run['status']}, {record['level']} {record['message']}"
    found = visitor.json("GET", f"/api/logs?level=ERROR&run={called['run']}")["records"]
    expect([one["logger"] for one in found] == ["ArithmeticApp"], f"the logs have {found}")
    yield f"Find the record in the logs: {found[0]['time']} {found[0]['logger']}"
    graded = visitor.json("POST", "/api/functions/record_grade", {"student": "Jane Doe", "grade": 52})
    run = visitor.json("GET", f"/api/runs/{graded['run']}")
    expect(len(run["changes"]) == 1 and run["records"], f"the run has {run['changes']} and {run['records']}")
    undone = visitor.json("POST", f"/api/runs/{graded['run']}/undo")
    yield f"Enter a grade below the average: {run['records'][0]['message']} {undone['undone']} row taken back"
    visitor.json("PUT", "/api/loggers/ArithmeticApp", {"level": "ERROR", "minutes": 1})
    yield "Raise a logger's level: ArithmeticApp is at ERROR for a minute"
