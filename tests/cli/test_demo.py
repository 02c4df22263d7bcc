import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

from frontdesk.demo import tour


def demo(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "frontdesk", "demo", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=60)


def test_once_walks_the_whole_tour_twice_over_one_desk_and_ends_with_0(tmp_path: Path):
    first = demo("desk", "--once", "--port", "0", cwd=tmp_path)
    told = [line for line in first.stdout.splitlines() if line.startswith(("ok", "failed"))]
    assert first.returncode == 0, first.stdout + first.stderr
    assert all(line.startswith("ok") for line in told)
    assert len(told) > len(tour.STEPS)
    assert len(re.findall(r"\((?:admin|editor|viewer)\), password [\w-]{19}", first.stdout)) == 3
    again = demo("desk", "--once", "--port", "0", cwd=tmp_path)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "password " not in again.stdout
    assert "/link/fdl_" in again.stdout


def test_once_without_a_folder_leaves_none_and_a_taken_port_is_said(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = demo("--once", "--port", str(port), cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (
        f"Port {port} is in use; taking {port + 1}." in done.stdout or f"Port {port} is in use; taking" in done.stdout
    )
    assert list(tmp_path.iterdir()) == []


def test_a_tour_that_goes_wrong_ends_with_1(tmp_path: Path):
    demo("desk", "--once", "--port", "0", cwd=tmp_path)
    (tmp_path / "desk" / "pages" / "report.html").write_text("{{ rows('no', 'no') }}")
    done = demo("desk", "--once", "--port", "0", cwd=tmp_path)
    assert done.returncode == 1
    assert "failed  GET /pages/report answered 404" in done.stdout


def test_the_demo_serves_until_it_is_told_to_stop(tmp_path: Path):
    command = [sys.executable, "-m", "frontdesk", "demo", "--port", "0"]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout
    lines = iter(process.stdout)
    while "Ctrl-C" not in next(lines):
        pass
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert process.returncode == 0
    assert (tmp_path / "demo-desk" / "frontdesk.toml").exists()
