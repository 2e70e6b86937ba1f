"""A small WebSocket client (RFC 6455) over a socket: text messages and closing, as tests need."""

import base64
import hashlib
import os
import socket
import struct
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

_GUID: Final = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_TEXT, _CLOSE = 0x1, 0x8


class Refused(Exception):
    """The answer to the handshake was another one than 101."""

    def __init__(self, status: int, head: str) -> None:
        super().__init__(head)
        self.status = status


class WebSocket:
    """An open connection::

    with WebSocket("http://127.0.0.1:8787/socket") as talk:
        talk.send("hello")
        assert talk.receive() == "hello"
    """

    def __init__(self, url: str, *fields: str, timeout: float = 10.0) -> None:
        """Shake hands. Raises `Refused`."""
        address = urlsplit(url)
        assert address.hostname is not None
        assert address.port is not None
        self._socket = socket.create_connection((address.hostname, address.port), timeout)
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [
            f"GET {address.path}{'?' + address.query if address.query else ''} HTTP/1.1",
            f"Host: {address.netloc}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            f"Sec-WebSocket-Key: {key}",
            "Sec-WebSocket-Version: 13",
            *fields,
        ]
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode())
        self._stream = self._socket.makefile("rb")
        head = b"".join(iter(self._stream.readline, b"\r\n")).decode()
        status = int(head.split()[1])
        if status != 101:
            self.abort()
            raise Refused(status, head)
        told = [line.partition(": ") for line in head.splitlines()[1:]]
        self.headers = {name.lower(): value for name, _, value in told}
        digest = hashlib.sha1((key + _GUID).encode(), usedforsecurity=False).digest()
        assert self.headers["sec-websocket-accept"] == base64.b64encode(digest).decode()

    def send(self, text: str) -> None:
        """A text message."""
        self._frame(_TEXT, text.encode())

    def close(self, code: int) -> None:
        """Say that nothing more will come."""
        self._frame(_CLOSE, struct.pack("!H", code))

    def receive(self) -> str | int:
        """The next text message, or the code with which the other side closes."""
        first, length = self._stream.read(2)
        if length == 126:
            (length,) = struct.unpack("!H", self._stream.read(2))
        elif length == 127:
            (length,) = struct.unpack("!Q", self._stream.read(8))
        payload = self._stream.read(length)
        if first & 0xF == _CLOSE:
            return int(struct.unpack("!H", payload[:2])[0])
        return payload.decode()

    def abort(self) -> None:
        """Be gone, without a word."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stream.close()
        self.abort()

    def _frame(self, opcode: int, payload: bytes) -> None:
        size = len(payload)
        length = bytes([0x80 | size]) if size < 126 else struct.pack("!BH", 0x80 | 126, size)
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
        self._socket.sendall(bytes([0x80 | opcode]) + length + mask + masked)
