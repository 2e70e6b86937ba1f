"""What the commands that publish make of their words, before anybody is asked."""

from typing import Any

import pytest

from cli.main import main
from cli.pointers import NoSuchTable, answered, target
from cli.remote import Refused, Remote, RemoteError, attempt

A, B, C, D = ("a" * 64, "b" * 64, "c" * 64, "d" * 64)


def pointer(current: str, parent: str = A, **more: Any) -> dict[str, Any]:
    return {"current": current, "parent": parent, **more}


def seen(*pointers: dict[str, Any], live: str, followed: bool = True) -> tuple[Any, Any]:
    history = {"pointers": list(pointers)[::-1], "built_in": A}
    status = {"live": live, "followed": followed, "pointer": pointers[-1] if pointers else None}
    return history, status


TARGETS = [
    ("-1", seen(pointer(B), live=B), A),
    ("-1", seen(pointer(B), pointer(C, B), live=C), B),
    ("-2", seen(pointer(B), pointer(C, B), live=C), A),
    ("-1", seen(pointer(B), pointer(A, B), live=A), B),
    ("-1", seen(pointer(B), pointer(B, B, candidate=C), live=B), B),
    ("-2", seen(pointer(B), pointer(B, B, candidate=C), live=B), A),
    ("-1", seen(pointer(B), pointer(B, B), live=B), A),
    # Another table was deployed since: what was published last is what answered before.
    ("-1", seen(pointer(B, D), live=A, followed=False), B),
    ("cccccc", seen(pointer(B), pointer(B, B, candidate=C), live=B), C),
    ("AAAAAAA", seen(pointer(B), live=B), A),
]


@pytest.mark.parametrize(("wanted", "known", "id"), TARGETS)
def test_the_way_back(wanted: str, known: tuple[Any, Any], id: str) -> None:
    assert target(wanted, *known) == id


NOWHERE = [
    ("-1", seen(live=A)),
    ("-2", seen(pointer(B), live=B)),
    ("-0", seen(pointer(B), live=B)),
    ("-x", seen(pointer(B), live=B)),
    ("-²", seen(pointer(B), live=B)),
    ("aaa", seen(pointer(B), live=B)),
    ("eeeeee", seen(pointer(B), live=B)),
]


@pytest.mark.parametrize(("wanted", "known"), NOWHERE)
def test_no_way_back(wanted: str, known: tuple[Any, Any]) -> None:
    with pytest.raises(NoSuchTable):
        target(wanted, *known)


def test_where_nothing_was_published_it_says_so() -> None:
    with pytest.raises(NoSuchTable, match="no other table was published"):
        target("-1", *seen(live=A))


@pytest.mark.parametrize("token", ["secret\r", "secret\nmore", "secret\u201d"])
def test_a_token_that_cannot_be_sent_is_not_repeated(token: str) -> None:
    with pytest.raises(RemoteError, match="characters that no token has") as raised:
        Remote("http://127.0.0.1:8787", token)
    assert "secret" not in str(raised.value)


def test_a_table_that_answered_twice_in_a_row_is_one() -> None:
    history, status = seen(pointer(B), pointer(B, B), pointer(C, B), live=C)
    assert answered(history, status) == [A, B, C]


URLS = [
    ("http://gateway.example.com", "not encrypted"),
    ("http://127.0.0.1.example.com", "not encrypted"),
    ("http://127.0.0.1@example.com", "not encrypted"),
    ("ftp://127.0.0.1", "expected a URL"),
    ("127.0.0.1:8787", "expected a URL"),
    ("file:///etc/passwd", "expected a URL"),
    ("http://127.0.0.1:99999", "expected a URL"),
    ("http://[::1", "expected a URL"),
]


@pytest.mark.parametrize(("url", "words"), URLS)
def test_a_token_is_not_sent_just_anywhere(url: str, words: str) -> None:
    with pytest.raises(RemoteError, match=words):
        Remote(url, "token")


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8787", "http://[::1]:1/", "http://localhost", "https://example.com"]
)
def test_where_a_token_may_go(url: str) -> None:
    assert Remote(url, "token").url == url.rstrip("/")


@pytest.mark.parametrize("command", ["status", "history", "rollback", "promote"])
def test_without_a_gateway(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GATEWAY_TOKEN", "token")
    assert main([command, "--url", "http://127.0.0.1:1"]) == 2
    assert "does not answer" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("kind", "status"), [(RemoteError("a\x1b[2J"), 2), (Refused(409, "a\x1b[2J"), 1)]
)
def test_what_a_gateway_says_does_not_drive_the_terminal(
    kind: Exception, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    def work() -> int:
        raise kind

    assert attempt("status", work) == status
    assert capsys.readouterr().err == "gateway status: a\\x1b[2J\n"
