"""HTTP/1.1 by hand: for requests that no client library would send."""

import socket
from typing import NamedTuple
from urllib.parse import urlsplit

import msgspec


class RawResponse(NamedTuple):
    """The first answer on a connection."""

    status: int
    headers: dict[str, str]
    body: bytes

    def code(self) -> str:
        """The problem's code; empty where there is no problem document."""
        is_problem = self.headers.get("content-type") == "application/problem+json"
        return str(msgspec.json.decode(self.body)["code"]) if is_problem else ""


def send(
    url: str,
    *lines: str | bytes,
    body: bytes = b"",
    host: bool = True,
    goes_on: bool = False,
) -> RawResponse:
    """Send request line and fields as they are, on a connection that is then closed; or, where it
    `goes_on`, as if more were to come."""
    address = urlsplit(url)
    assert address.hostname is not None
    assert address.port is not None
    fields = [line if isinstance(line, bytes) else line.encode() for line in lines]
    if host:
        fields.append(f"Host: {address.netloc}".encode())
    message = b"\r\n".join([*fields, b"", body])
    with socket.create_connection((address.hostname, address.port), timeout=20) as connection:
        connection.sendall(message)
        if not goes_on:
            connection.shutdown(socket.SHUT_WR)
        received = b"".join(iter(lambda: connection.recv(65_536), b""))
    head, _, rest = received.partition(b"\r\n\r\n")
    status, *answered = head.decode("latin-1").split("\r\n")
    headers = {}
    for field in answered:
        name, _, value = field.partition(":")
        headers[name.lower()] = value.strip()
    length = headers.get("content-length")
    return RawResponse(int(status.split()[1]), headers, rest[: int(length)] if length else rest)
