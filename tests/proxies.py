"""A line to a server that a test can cut, hold and mend."""

import contextlib
import socket
import threading
from types import TracebackType


class Line:
    """Forwards a port of this machine to a server's."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._sockets: list[socket.socket] = []
        self._holding = threading.Event()
        self._flowing = threading.Event()
        self._flowing.set()
        self._listener = self._listen(0)
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> "Line":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cut()

    def cut(self) -> None:
        """Ends all connections; new ones are refused, as by a server that was stopped."""
        self._flowing.set()
        _end(self._listener)
        while self._sockets:
            _end(self._sockets.pop())

    def freeze(self) -> None:
        """Nothing is forwarded any more and nothing ended, as by a server whose machine hangs."""
        self._holding.set()
        self._flowing.clear()

    def mend(self) -> None:
        """Connections are taken again, on the same port."""
        self._holding.clear()
        self._flowing.set()
        self._listener = self._listen(self.port)

    def hold(self) -> None:
        """Ends all connections; new ones are taken and never answered, as by a server that is out of reach."""
        self.cut()
        self._holding.set()
        self._listener = self._listen(self.port)

    def drop(self) -> None:
        """Ends all connections; new ones are taken at once, as by a server that was started again."""
        self.cut()
        self.mend()

    def _listen(self, port: int) -> socket.socket:
        made = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self._accept, args=(made,), daemon=True).start()
        return made

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = listener.accept()
                self._sockets.append(near)
                if self._holding.is_set():
                    continue
                far = socket.create_connection(self._target)
                self._sockets.append(far)
                for pair in ((near, far), (far, near)):
                    threading.Thread(target=self._forward, args=pair, daemon=True).start()

    def _forward(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                self._flowing.wait()
                target.sendall(data)
        _end(target)


def _end(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
