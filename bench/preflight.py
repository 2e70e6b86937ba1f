"""Before anything is timed: does every target answer, and do gateway and peer do the same work?"""

import json
import time
from collections.abc import Mapping
from http.client import HTTPConnection
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from bench.targets import TARGETS, Target, headers_for

_PER_CONNECTION: Final = {"connection", "date", "transfer-encoding", "content-length"}

_PATIENCE: Final = 10.0
"""Seconds until an answer has to come from the cache. Cold, the cache Worker takes a moment."""


class PreflightError(Exception):
    """A target does not do what it is measured for."""


class Answer(NamedTuple):
    """A response; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def ask(url: str, target: Target, token: str) -> Answer:
    """One GET to `target` at the Worker's address `url`."""
    connection = HTTPConnection(urlsplit(url).netloc, timeout=30)
    try:
        connection.request("GET", target.path, headers=dict(headers_for(target, token)))
        response = connection.getresponse()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, headers, response.read())
    finally:
        connection.close()


def check(urls: Mapping[str, str], token: str) -> list[str]:
    """Ask every target until its caches are filled, and judge the last answer.

    Returns remarks on header fields that the gateway sends and its peer does not, or the other way
    round. Raises `PreflightError`.
    """
    answers: dict[str, Answer] = {}
    for target in TARGETS:
        answers[target.name] = _ask_warm(urls[target.worker], target, token)
        _judge(target, answers[target.name])
    remarks = []
    for target in TARGETS:
        if target.peer is not None:
            ours, theirs = (
                set(answers[name].headers) - _PER_CONNECTION for name in (target.name, target.peer)
            )
            if ours != theirs:
                remarks.append(
                    f"{target.name} alone sends {_listed(ours - theirs)}; "
                    f"{target.peer} alone {_listed(theirs - ours)}"
                )
    return remarks


def _ask_warm(url: str, target: Target, token: str) -> Answer:
    """The answer once it comes from the cache, where it is to: storing goes on behind an answer."""
    ask(url, target, token)
    deadline = time.monotonic() + _PATIENCE
    while True:
        answer = ask(url, target, token)
        hit = "; hit" in answer.headers.get("cache-status", "; hit")
        if hit or time.monotonic() > deadline:
            return answer
        time.sleep(0.05)


def _judge(target: Target, answer: Answer) -> None:
    if answer.status != 200:
        text = answer.body[:300].decode(errors="replace")
        raise PreflightError(f"{target.name} answers {answer.status}: {text}")
    if "; hit" not in answer.headers.get("cache-status", "; hit"):
        raise PreflightError(f"{target.name} is no cache hit: {answer.headers['cache-status']}")
    missing = [name for name in target.fields if name not in answer.headers]
    if missing:
        raise PreflightError(f"{target.name} answers without {', '.join(missing)}")
    if ";local" in answer.headers.get("ratelimit", ""):
        raise PreflightError(f"{target.name} is limited by the isolate, not by its object")
    try:
        body = json.loads(answer.body)
    except ValueError:
        raise PreflightError(f"{target.name}: its body is no JSON: {answer.body[:100]!r}") from None
    absent = [member for member in target.members if member not in body]
    if absent:
        raise PreflightError(f"{target.name}: its body has no {', '.join(absent)}")


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names)) or "nothing"
