"""Fetch one file over https so that it is either whole and right, or not there: resumes, notices stalls, can be stopped."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from emoasst_core.encoders.checkpoints import sha256_of
from emoasst_core.encoders.model_registry import LOOPBACK_HOSTS, ModelFile, check_url
from emoasst_core.errors import DownloadError

BLOCK_BYTES = 1 << 16
CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+)")
SPARE_BYTES = 50_000_000  # disk space left untouched
PASSING_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})
RETRY_SENTENCE = "Run the same command again: it goes on where it stopped."
IMPORT_SENTENCE = " Without a connection, import the model from a folder."


@dataclass(frozen=True, slots=True)
class DownloadOptions:
    """How patient a download is.

    Attributes:
        stall_s: this long with less than `stall_bytes` received is a stall.
        attempts: connections in a row that may bring nothing new.
        wait_s: pause before trying again, doubled each time.
    """

    stall_s: float = 20.0
    stall_bytes: int = 1024
    attempts: int = 4
    wait_s: float = 1.0


@dataclass(frozen=True, slots=True)
class DownloadProgress:
    """How far one file is; `total_bytes` is 0 until known."""

    file: str
    received_bytes: int
    total_bytes: int


OnProgress = Callable[[DownloadProgress], None]


class _InterruptedTransferError(Exception):
    """The connection brought less than promised; worth another attempt."""


class _SecureRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        """Follow a redirect only to a secure address."""
        try:
            check_url(newurl, after_https=req.full_url.startswith("https:"))
        except DownloadError:
            fp.close()
            raise
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class FileDownload:
    """One file. What has arrived is kept as NAME.part until it is whole, over any number of runs.

    Args:
        file: address, size and hash.
        folder: where NAME.part and, in the end, NAME are written.
        on_progress: called about every 64 KiB.
        cancelled: asked as often; True stops the download, keeping the part.
    """

    def __init__(
        self,
        file: ModelFile,
        folder: Path,
        options: DownloadOptions | None = None,
        on_progress: OnProgress | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> None:
        self.file = file
        self.target = folder / file.name
        self.part = folder / f"{file.name}.part"
        self.etag_file = folder / f"{file.name}.etag"
        self.options = options or DownloadOptions()
        self.on_progress = on_progress or (lambda _progress: None)
        self.cancelled = cancelled or (lambda: False)

    def run(self) -> Path:
        """Fetch the file.

        Returns:
            The path of the whole file, its hash checked if one is known.

        Raises:
            DownloadError: the address is not secure, the server refuses or keeps failing, the content is not what was
                expected, the disk is full, or the download was stopped. Says whether running again goes on.
        """
        check_url(self.file.url)
        if self.target.is_file() and self.file.sha256 and sha256_of(self.target) == self.file.sha256:
            return self.target
        resumed = self._received() > 0
        self._fetch_all()
        if not self._is_right() and resumed:  # the older part may be the bad one: once more from the start
            self._forget()
            self._fetch_all()
        if not self._is_right():
            found = sha256_of(self.part)
            self._forget()
            raise DownloadError(
                f"{self.file.name} arrived with another content: its sha256 is {found}, expected {self.file.sha256}.",
                "It was deleted. The server may have been changed: try later, or import the model from a folder.",
            )
        os.replace(self.part, self.target)  # noqa: PTH105
        self.etag_file.unlink(missing_ok=True)
        return self.target

    def _fetch_all(self) -> None:
        failures = 0
        while not (self.file.size_bytes and self._received() == self.file.size_bytes):
            before = self._received()
            try:
                return self._attempt()
            except _InterruptedTransferError as error:
                failures = 1 if self._received() > before else failures + 1
                if failures >= self.options.attempts:
                    raise DownloadError(
                        f"{self.file.name} could not be fetched whole: {error}.", RETRY_SENTENCE + IMPORT_SENTENCE
                    ) from error
                time.sleep(self.options.wait_s * 2 ** (failures - 1))

    def _attempt(self) -> None:
        request = urllib.request.Request(self.file.url, headers=self._headers())
        offset = self._received() if request.has_header("Range") else 0
        handlers: list[Any] = [_SecureRedirects()]
        if request.host.split(":")[0] in LOOPBACK_HOSTS:
            handlers.append(urllib.request.ProxyHandler({}))
        try:
            with urllib.request.build_opener(*handlers).open(request, timeout=self.options.stall_s) as response:
                self._receive(response, offset)
        except urllib.error.HTTPError as error:
            with error:
                self._refused(error)
        except (OSError, http.client.HTTPException) as error:
            raise _InterruptedTransferError(f"{request.host}: {_reason_of(error)}") from error

    def _headers(self) -> dict[str, str]:
        headers = {"User-Agent": "emoasst", "Accept-Encoding": "identity"}
        etag = self.etag_file.read_text("utf-8") if self.etag_file.is_file() else ""
        if self._received() and (self.file.sha256 or etag):  # without either, parts of two versions could be joined
            headers["Range"] = f"bytes={self._received()}-"
            if etag:
                headers["If-Range"] = etag
        return headers

    def _refused(self, error: urllib.error.HTTPError) -> None:
        if error.code == 416 and self._received():  # nothing is left to send: the part is whole, or longer than the file
            if self.file.sha256 and self._is_right():
                return
            self._forget()
            raise _InterruptedTransferError("the part kept from before did not fit") from error
        if error.code in PASSING_STATUS:
            raise _InterruptedTransferError(f"the server answered {error.code} {error.reason}") from error
        raise DownloadError(
            f"The server does not have {self.file.name}: it answered {error.code} {error.reason}.",
            f"The address was {self.file.url}. Import the model from a folder instead.",
        ) from error

    def _receive(self, response: Any, offset: int) -> None:
        length = response.headers.get("Content-Length", "")
        total = int(length) if length.isdigit() else 0
        if response.status == 206:
            matched = CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
            if matched is None or int(matched[1]) != offset:
                self._forget()
                raise _InterruptedTransferError("the server sent another part than asked for")
            total = int(matched[2])
        elif offset:
            offset = 0  # the server ignores ranges, or the file has changed: from the start
        total = self._agreed_total(total, offset)
        if etag := response.headers.get("ETag"):
            self.etag_file.write_text(etag, "utf-8")
        try:
            with self.part.open("ab" if offset else "wb") as file:
                self._copy(response, file, offset, total)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise DownloadError(f"{self.part} cannot be written: {error}.", "Check the disk. " + RETRY_SENTENCE) from error

    def _agreed_total(self, total: int, offset: int) -> int:
        if self.file.size_bytes and total and total != self.file.size_bytes:
            self._forget()
            raise DownloadError(
                f"The server offers {self.file.name} with {total} bytes, expected {self.file.size_bytes}.",
                "It is not the pinned version. Import the model from a folder instead.",
            )
        total = total or self.file.size_bytes
        if not total:
            raise DownloadError(
                f"The server does not say how big {self.file.name} is.", "Import the model from a folder instead."
            )
        free = shutil.disk_usage(self.part.parent).free
        if free < total - offset + SPARE_BYTES:
            raise DownloadError(
                f"{self.file.name} needs {total - offset} bytes more, but only {free} are free on the disk.",
                "Free some space. " + RETRY_SENTENCE,
            )
        return total

    def _copy(self, response: Any, file: IO[bytes], offset: int, total: int) -> None:
        received = offset
        window_start, window_bytes = time.monotonic(), received
        while block := _read(response):
            received += len(block)
            if received > total:
                file.close()
                self._forget()
                raise DownloadError(f"The server sent more of {self.file.name} than the {total} bytes announced.", "Try later.")
            file.write(block)
            self.on_progress(DownloadProgress(self.file.name, received, total))
            if self.cancelled():
                raise DownloadError(
                    f"The download of {self.file.name} was stopped at {received} of {total} bytes.", RETRY_SENTENCE
                )
            if time.monotonic() - window_start >= self.options.stall_s:
                if received - window_bytes < self.options.stall_bytes:
                    raise _InterruptedTransferError("the server almost stopped sending")
                window_start, window_bytes = time.monotonic(), received
        if received < total:
            raise _InterruptedTransferError(f"the connection ended at {received} of {total} bytes")

    def _received(self) -> int:
        return self.part.stat().st_size if self.part.is_file() else 0

    def _is_right(self) -> bool:
        return not self.file.sha256 or sha256_of(self.part) == self.file.sha256

    def _forget(self) -> None:
        self.part.unlink(missing_ok=True)
        self.etag_file.unlink(missing_ok=True)


def _read(response: Any) -> bytes:
    try:
        block: bytes = response.read1(BLOCK_BYTES)
    except (OSError, http.client.HTTPException) as error:
        raise _InterruptedTransferError(_reason_of(error)) from error
    return block


def _reason_of(error: Exception) -> str:
    reason = getattr(error, "reason", None) or error
    return "the server stopped sending" if isinstance(reason, TimeoutError) else str(reason) or type(reason).__name__
