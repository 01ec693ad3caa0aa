"""A real web server on this computer that serves one file badly, in the ways real ones do."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

CONTENT = bytes((index * 7 + index // 251) % 256 for index in range(300_000))
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class MisbehavingServer(ThreadingHTTPServer):
    """Serves `content` under every path; the path's first part says how it misbehaves.

    Attributes:
        ranges: the Range header of every request, in order ("" where there was none).
    """

    daemon_threads = False  # closing the server waits for its answers to end

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.content = CONTENT
        self.etag = '"one"'
        self.ranges: list[str] = []
        self.released = threading.Event()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing when a client hangs up."""

    def url(self, manner: str, name: str = "file.bin") -> str:
        """Address that is served in this manner."""
        return f"http://127.0.0.1:{self.server_port}/{manner}/{name}"


class _Handler(BaseHTTPRequestHandler):
    server: MisbehavingServer

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""

    def do_GET(self) -> None:
        asked = self.headers.get("Range", "")
        self.server.ranges.append(asked)
        manner = self.path.split("/")[1]
        getattr(self, f"_{manner}")(asked)

    def _head(self, body_length: int, offset: int = 0, total: int | None = None, status: int | None = None) -> None:
        self.send_response(status or (206 if offset else 200))
        self.send_header("Content-Length", str(body_length))
        self.send_header("ETag", self.server.etag)
        if offset:
            self.send_header("Content-Range", f"bytes {offset}-{(total or 0) - 1}/{total}")
        self.end_headers()

    def _offset(self, asked: str) -> int:
        if not asked or self.headers.get("If-Range", self.server.etag) != self.server.etag:
            return 0
        return int(asked.removeprefix("bytes=").rstrip("-"))

    def _good(self, asked: str) -> None:
        content, offset = self.server.content, self._offset(asked)
        if offset >= len(content):
            self.send_error(416)
            return
        self._head(len(content) - offset, offset, len(content))
        self.wfile.write(content[offset:])

    def _drops(self, asked: str) -> None:
        """Promise everything, hang up after 70,000 bytes of it."""
        content, offset = self.server.content, self._offset(asked)
        self._head(len(content) - offset, offset, len(content))
        self.wfile.write(content[offset : offset + 70_000])
        self.close_connection = True

    def _dropsonce(self, asked: str) -> None:
        if len(self.server.ranges) == 1:
            self._drops(asked)
        else:
            self._good(asked)

    def _dies(self, asked: str) -> None:
        self._head(len(self.server.content))
        self.close_connection = True

    def _noranges(self, asked: str) -> None:
        """Ignore Range; drop the first time."""
        self._head(len(self.server.content))
        self.wfile.write(self.server.content[: 70_000 if len(self.server.ranges) == 1 else None])
        self.close_connection = True

    def _wrongrange(self, asked: str) -> None:
        """Answer a Range with another part than was asked for."""
        content = self.server.content
        if not asked:
            self._drops("")
            return
        self._head(len(content) - 10, 10, len(content))
        self.wfile.write(content[10:])

    def _wrongbytes(self, asked: str) -> None:
        self._head(len(self.server.content))
        self.wfile.write(bytes(len(self.server.content)))

    def _shorter(self, asked: str) -> None:
        self._head(1000)
        self.wfile.write(self.server.content[:1000])

    def _longer(self, asked: str) -> None:
        """Send more than there should be, without saying how much."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.server.content + b"more")
        self.close_connection = True

    def _stalls(self, asked: str) -> None:
        """Send a little, then nothing, keeping the connection open."""
        self._head(len(self.server.content))
        self.wfile.write(self.server.content[:50_000])
        self.wfile.flush()
        self.server.released.wait(20)

    def _stallsonce(self, asked: str) -> None:
        if len(self.server.ranges) == 1:
            self._stalls(asked)
        else:
            self._good(asked)

    def _missing(self, asked: str) -> None:
        self.send_error(404)

    def _busyonce(self, asked: str) -> None:
        if len(self.server.ranges) == 1:
            self.send_error(503)
        else:
            self._good(asked)

    def _redirects(self, asked: str) -> None:
        self.send_response(302)
        self.send_header("Location", self.path.replace("/redirects/", "/good/"))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _insecure(self, asked: str) -> None:
        self.send_response(302)
        self.send_header("Location", "http://example.invalid/file.bin")
        self.send_header("Content-Length", "0")
        self.end_headers()


@contextmanager
def misbehaving_server() -> Iterator[MisbehavingServer]:
    """Run the server in a thread; gone when the block ends."""
    server = MisbehavingServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
