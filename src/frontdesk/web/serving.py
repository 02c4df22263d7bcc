"""Serves a WSGI application: waitress or granian, in one process or in several over one listening socket."""

import contextlib
import errno
import functools
import logging
import multiprocessing
import multiprocessing.connection
import multiprocessing.util
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from types import FrameType
from typing import Any
from wsgiref.types import WSGIApplication

import waitress.server
import waitress.wasyncore

from frontdesk import errors

Factory = Callable[[], AbstractContextManager[WSGIApplication]]
"""Opens the application, and closes it when its process has answered the last request. Picklable."""

GRACE = 10.0  #: seconds that requests in flight may take once the server is told to stop
HEADER_SECONDS = 30.0  #: a request whose header is not complete by then is dropped
IDLE_SECONDS = 60.0  #: a connection on which nothing moves is closed
CONNECTIONS = 1000  #: open connections of a process; more wait in the backlog
HEADER_BYTES = 32_768  #: of a request
RECEIVED_BYTES = 65_536  #: taken at once from a connection; waitress's 8,192 make an upload of 3 MB 5 ms slower
SPOOL_BYTES = 1_000_000_000  #: of an answer kept for a reader who is slow, on disk, so that no thread waits for him
BACKLOG = 1024
SWITCH_SECONDS = 0.001  #: after which a thread that computes lets the one in that takes requests; Python's own is 0.005

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Limits:
    """How many requests a process answers at once, and the largest body that it takes in."""

    threads: int = 4
    max_body: int = 100_000_000


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens at the address; port 0 takes any free one.

    Raises ConfigError when the port is in use or not allowed, or the host is no address of this machine.
    """
    if not 0 <= port <= 65_535:
        raise errors.ConfigError(f"{port} is no port.", "Ports are 1 to 65535; 0 takes any free one.")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (socket.gaierror, UnicodeError) as error:
        raise errors.ConfigError(f"{host} is no address of this machine.", "Try --host 127.0.0.1.") from error
    family, _, _, _, address = min(found, key=lambda info: info[0] != socket.AF_INET)
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise _explain(error, host, port) from error
    return listener


def listen_near(host: str, port: int, tries: int = 100) -> socket.socket:
    """A socket that listens at the first free port from `port` on."""
    for candidate in range(port, min(port + tries, 65_535)):
        try:
            return listen(host, candidate)
        except errors.ConfigError as error:
            if not (isinstance(error.__cause__, OSError) and error.__cause__.errno == errno.EADDRINUSE):
                raise
    raise errors.ConfigError(f"Ports {port} to {port + tries - 1} are in use.", "Give another with --port.")


def _explain(error: OSError, host: str, port: int) -> errors.ConfigError:
    if error.errno == errno.EADDRINUSE:
        return errors.ConfigError(f"Port {port} is in use.", "Stop what uses it, or give another with --port.")
    if error.errno in {errno.EACCES, errno.EPERM}:
        return errors.ConfigError(f"Port {port} is not allowed to you.", "Give one above 1023 with --port.")
    if error.errno == errno.EADDRNOTAVAIL:
        return errors.ConfigError(f"{host} is no address of this machine.", "Try --host 127.0.0.1.")
    return errors.ConfigError(f"Cannot listen at {host} port {port}: {error.strerror}.")


def address(listener: socket.socket) -> str:
    """The URL at which a browser on this machine reaches the listener."""
    host, port = listener.getsockname()[:2]
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - compared, not bound
        host = "127.0.0.1"
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def serve(
    factory: Factory,
    listener: socket.socket,
    *,
    server: str = "waitress",
    processes: int = 1,
    limits: Limits = Limits(),
    around: Callable[[], AbstractContextManager[object]] = contextlib.nullcontext,
    ready: Callable[[], object] = bool,
) -> None:
    """Answers requests until SIGTERM or SIGINT, then finishes those in flight (10 s at most) and returns.

    `around` is entered in this process for as long as anything is served; `ready` is called when it starts.
    Processes that die are replaced. Must be called in the main thread.
    """
    with around():
        if server == "granian":
            _serve_granian(factory, listener, processes, limits, ready)
        elif processes == 1:
            with _stop_signals() as stop:
                _serve_waitress(factory, listener, limits, stop, ready)
        else:
            _supervise(functools.partial(_child, factory, listener, limits), listener, processes, ready)


# One process


@contextlib.contextmanager
def _stop_signals() -> Iterator[threading.Event]:
    stop = threading.Event()

    def handle(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, handle) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _serve_waitress(
    factory: Factory, listener: socket.socket, limits: Limits, stop: threading.Event, ready: Callable[[], object]
) -> None:
    with factory() as application:
        sys.setswitchinterval(SWITCH_SECONDS)
        queue = logging.getLogger("waitress.queue")  # warns of every request that waits a moment
        if queue.level == logging.NOTSET:
            queue.setLevel(logging.ERROR)
        server = waitress.server.create_server(
            application,
            sockets=[listener],
            threads=limits.threads,
            recv_bytes=RECEIVED_BYTES,
            backlog=BACKLOG,
            connection_limit=CONNECTIONS,
            channel_timeout=IDLE_SECONDS,
            cleanup_interval=5,
            max_request_header_size=HEADER_BYTES,
            # Twice, so that what is just too large is refused by the application, in its own words.
            max_request_body_size=2 * limits.max_body,
            outbuf_high_watermark=SPOOL_BYTES,
            asyncore_use_poll=True,
            ident="",
            clear_untrusted_proxy_headers=True,
        )
        ready()
        next_look = 0.0
        while not stop.is_set():
            _turn(server, 0.5)
            if time.monotonic() >= next_look:
                next_look = time.monotonic() + 1.0
                _drop_stalled(server, time.time())
        _finish(server)


def _turn(server: Any, seconds: float) -> None:
    waitress.wasyncore.loop(timeout=seconds, use_poll=True, map=server._map, count=1)


def _drop_stalled(server: Any, now: float) -> None:
    """Closes what waitress by itself leaves open: readers who stopped, headers that never end."""
    for channel in list(server.active_channels.values()):
        request = channel.request
        if request is not None and not request.headers_finished:
            if not hasattr(request, "begun"):
                request.begun = now
            elif now - request.begun > HEADER_SECONDS:
                channel.handle_close()
        elif channel.total_outbufs_len and now - channel.last_activity > IDLE_SECONDS:
            channel.handle_close()


def _finish(server: Any) -> None:
    deadline = time.monotonic() + GRACE
    # Not server.close(), which closes the pipe that wakes the loop when an answer is there.
    waitress.wasyncore.dispatcher.close(server)
    while True:
        for channel in list(server.active_channels.values()):
            if not _in_flight(channel):
                channel.handle_close()
        if not server.active_channels or time.monotonic() > deadline:
            break
        _turn(server, 0.05)
    server.task_dispatcher.shutdown(timeout=max(0.1, deadline - time.monotonic()))
    waitress.wasyncore.close_all(server._map)


def _in_flight(channel: Any) -> bool:
    receiving = channel.request is not None and channel.request.headers_finished
    return bool(channel.requests or channel.total_outbufs_len or receiving)


# Several processes


def _child(factory: Factory, listener: socket.socket, limits: Limits) -> None:
    with _stop_signals() as stop:
        _end_with_parent()
        _serve_waitress(factory, listener, limits, stop, bool)


def _end_with_parent() -> None:
    """Stops this process when its parent is gone, however it went."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        multiprocessing.connection.wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="watch-parent", daemon=True).start()


def _supervise(
    target: Callable[[], None], listener: socket.socket, processes: int, ready: Callable[[], object]
) -> None:
    context = multiprocessing.get_context("spawn")

    def start() -> tuple[BaseProcess, float]:
        child = context.Process(target=target)
        child.start()
        return child, time.monotonic()

    with _stop_signals() as stop:
        children = [start() for _ in range(processes)]
        early = 0
        try:
            ready()
            while not stop.is_set():
                multiprocessing.connection.wait([child.sentinel for child, _ in children], timeout=0.5)
                for place, (child, started) in enumerate(children):
                    if child.is_alive() or stop.is_set():
                        continue
                    logger.error("Web process %s ended with %s; it is replaced.", child.pid, child.exitcode)
                    early = early + 1 if time.monotonic() - started < 5 else 0
                    if early > 2 * processes:
                        raise errors.ConfigError("The web processes end as soon as they start.", "The log says why.")
                    children[place] = start()
        finally:
            listener.close()
            _end([child for child, _ in children])


def _end(children: list[BaseProcess]) -> None:
    for child in children:
        if child.is_alive():
            child.terminate()
    deadline = time.monotonic() + GRACE + 2
    for child in children:
        child.join(max(0.0, deadline - time.monotonic()))
        if child.is_alive():
            child.kill()
            child.join()


# Granian


def _serve_granian(
    factory: Factory, listener: socket.socket, processes: int, limits: Limits, ready: Callable[[], object]
) -> None:
    try:
        from granian import Granian
        from granian.constants import HTTPModes, Interfaces
        from granian.http import HTTP1Settings
        from granian.log import LogLevels
    except ImportError as error:
        listener.close()
        raise errors.ConfigError("granian is not installed.", "Install it: pip install 'frontdesk[granian]'") from error
    host, port = listener.getsockname()[:2]
    listener.close()  # it binds for itself; whether the port is free is known by now
    multiprocessing.set_start_method("spawn", force=True)
    server = Granian(
        "frontdesk",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=processes,
        blocking_threads=limits.threads,
        backlog=BACKLOG,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=int(HEADER_SECONDS * 1000)),
        websockets=False,
        respawn_failed_workers=True,
        workers_kill_timeout=int(GRACE) + 2,
        log_level=LogLevels.warning,
        # Levels only: a full configuration would close the handlers that are there.
        log_dictconfig={"incremental": True, "handlers": {}, "loggers": {}},
    )
    server.on_startup(ready)
    server.serve(target_loader=functools.partial(_load, factory), wrap_loader=False)


def _load(factory: Factory) -> WSGIApplication:
    stack = contextlib.ExitStack()
    application = stack.enter_context(factory())
    # Granian tells a WSGI application nothing of its end, but its process is multiprocessing's.
    multiprocessing.util.Finalize(None, stack.close, exitpriority=100)
    _end_with_parent()
    return application
