"""What is offered in the place of a wrong value: only what fits there, and what people do write."""

from datetime import date, datetime
from typing import Annotated, Any, get_type_hints

import pytest
from msgspec import Meta

from cli.validate import violations
from routing.table import (
    Method,
    PathTemplate,
    RouteSettings,
    Scope,
    ServiceSettings,
    VersionName,
)
from routing.texts import Name
from routing.units import PositiveDuration, SizeOrUnlimited

Access = get_type_hints(RouteSettings, include_extras=True)["access"]
Url = get_type_hints(ServiceSettings, include_extras=True)["url"]

GUESSES: list[tuple[Any, Any, str]] = [
    # what is written, the type there, what is offered
    ("64KB", SizeOrUnlimited, "64KiB"),
    ("64 kb", SizeOrUnlimited, "64KiB"),
    ("1M", SizeOrUnlimited, "1MiB"),
    (1024, SizeOrUnlimited, "1024B"),
    ("Unlimited", SizeOrUnlimited, "unlimited"),
    (10, PositiveDuration, "10s"),
    ("10", PositiveDuration, "10s"),
    ("10 seconds", PositiveDuration, "10s"),
    ("5 min", PositiveDuration, "5m"),
    ("2d", PositiveDuration, "48h"),
    ("0s", PositiveDuration, ""),
    ("roadmaps", PathTemplate, "/roadmaps"),
    ("/roadmaps/", PathTemplate, "/roadmaps"),
    ("/roadmaps/:id", PathTemplate, "/roadmaps/{id}"),
    ("/roadmaps/<int:id>", PathTemplate, "/roadmaps/{id}"),
    ("/roadmaps/{roadmapId}", PathTemplate, "/roadmaps/{roadmap_id}"),
    ("List Roadmaps", Name, "list-roadmaps"),
    ("listRoadmaps", Name, "list-roadmaps"),
    (2, VersionName, "v2"),
    ("V2", VersionName, "v2"),
    ("2026-06-01", datetime, "2026-06-01T00:00:00Z"),
    ("2026-06-01T00:00:00Z", date, "2026-06-01"),
    ("GET", Annotated[tuple[Method, ...], Meta(min_length=1)], "[GET]"),
    ("get, post", tuple[Method, ...], ""),
    ("GET, POST", tuple[Method, ...], "[GET, POST]"),
    (["a:read"], Access, '{ scopes: ["a:read"] }'),
    ("a b", tuple[Scope, ...], "[a, b]"),
    ("Public", Access, "public"),
    ("yes", bool, "true"),
    ("Off", bool, "false"),
    ("600", Annotated[int, Meta(ge=1)], "600"),
    (1.0, int, "1"),
    ([3], int, "3"),
    (7, str, '"7"'),
    ("search.example.com/", Url, "https://search.example.com"),
    ("http://a b", Url, ""),
    ("http://x", Url, ""),
    ("x" * 1000, Name, ""),
    (None, Name, ""),
]


@pytest.mark.parametrize(("written", "kind", "offered"), GUESSES)
def test_what_is_offered(written: Any, kind: Any, offered: str) -> None:
    (violation,) = violations(written, kind)[:1]
    assert violation.message.partition("; did you mean ")[2] == (f"`{offered}`?" if offered else "")
