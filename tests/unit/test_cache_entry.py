"""Stored responses: what is stored, in which form, for how long, and under which key."""

import msgspec
import pytest

from contract.cache import FACTS, ORIGIN, ORIGIN_CACHE_CONTROL, STATUS, STORED_AT, TIER, TTL
from store.entry import Entry, Fields, entry_of, envelope_head, is_complete, key_url, kv_key

NOW = 1_800_000_000.0
CONTROL: Fields = [(STATUS, "200"), (STORED_AT, "1800000000.000"), (TTL, "30")]


def put(*fields: tuple[str, str], **control: str) -> Entry | None:
    """The entry of a PUT; `control` overrides the fields of `CONTROL`."""
    changed = {f"gateway-{name.replace('_', '-')}": value for name, value in control.items()}
    return entry_of([*{**dict(CONTROL), **changed}.items(), *fields])


def test_an_entry_has_the_status_and_fields_of_the_response() -> None:
    fields = [("content-type", "text/plain"), ("etag", '"1"'), ("link", "</a>"), ("link", "</b>")]
    entry = put(*fields, status="404", ttl="1.5")
    assert entry == Entry(status=404, fields=fields, stored_at=NOW, ttl=1.5)


LEFT_OUT = [
    ("age", "3"),
    ("connection", "keep-alive"),
    ("content-length", "5"),
    ("transfer-encoding", "chunked"),
    ("cdn-cache-control", "max-age=9"),
    ("cloudflare-cdn-cache-control", "max-age=9"),
    (TIER, "kv"),
    (ORIGIN_CACHE_CONTROL, "public"),
    ("gateway-identity", "{}"),
]


@pytest.mark.parametrize("field", LEFT_OUT, ids=lambda field: field[0])
def test_fields_of_one_connection_or_one_cache_are_left_out(field: tuple[str, str]) -> None:
    entry = put(field, ("etag", '"1"'))
    assert entry is not None
    assert entry.fields == [("etag", '"1"')]


NOT_STORED: dict[str, tuple[Fields, dict[str, str]]] = {
    "no lifetime": ([], {"ttl": "0"}),
    "a negative lifetime": ([], {"ttl": "-1"}),
    "a part": ([], {"status": "206"}),
    "not modified": ([], {"status": "304"}),
    "a cookie": ([("set-cookie", "a=b")], {}),
    "varies by everything": ([("vary", "*")], {}),
}


@pytest.mark.parametrize(("fields", "control"), NOT_STORED.values(), ids=NOT_STORED)
def test_is_not_stored(fields: Fields, control: dict[str, str]) -> None:
    assert put(*fields, **control) is None


MALFORMED = {
    "no status": {"status": ""},
    "status in words": {"status": "ok"},
    "an interim status": {"status": "101"},
    "status 600": {"status": "600"},
    "no time": {"stored_at": ""},
    "no lifetime": {"ttl": ""},
    "a lifetime in words": {"ttl": "30s"},
    "a lifetime that is no number": {"ttl": "NaN"},
}


@pytest.mark.parametrize("control", MALFORMED.values(), ids=MALFORMED)
def test_is_malformed(control: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="gateway-"):
        put(**control)


def test_the_stored_form_keeps_the_service_s_cache_control_aside() -> None:
    entry = put(("cache-control", "private=x, s-maxage=30"), ("etag", '"1"'))
    assert entry is not None
    assert entry.stored_fields("kv", NOW + 10) == [
        (ORIGIN_CACHE_CONTROL, "private=x, s-maxage=30"),
        ("etag", '"1"'),
        ("cache-control", "public, max-age=20"),
        (STATUS, "200"),
        (STORED_AT, "1800000000.000"),
        (TTL, "30"),
        (TIER, "kv"),
    ]


def test_what_the_gateway_knows_is_kept_as_it_is() -> None:
    entry = put((FACTS, '{"a":1}'))
    assert entry is not None
    assert (FACTS, '{"a":1}') in entry.stored_fields("kv", NOW)


def test_the_stored_form_has_no_such_field_where_the_service_sent_none() -> None:
    entry = put()
    assert entry is not None
    names = [name for name, _ in entry.stored_fields("kv", NOW)]
    assert ORIGIN_CACHE_CONTROL not in names
    assert names.count("cache-control") == 1


TIMES = [(0.0, 30.0), (29.5, 0.5), (30.0, 0.0), (100.0, -70.0)]


@pytest.mark.parametrize(("after", "left"), TIMES)
def test_its_time_counts_from_when_it_was_stored(after: float, left: float) -> None:
    entry = put()
    assert entry is not None
    assert entry.kept_for(NOW + after) == left


def test_the_envelope_is_one_line_that_reads_back() -> None:
    entry = put(("x-note", "a\\nb \n"), ("etag", '"1"'))
    assert entry is not None
    head = envelope_head(entry)
    assert head.endswith(b"\n")
    assert head.count(b"\n") == 1
    assert msgspec.json.decode(head, type=Entry) == entry


COMPLETE: dict[str, tuple[Fields, int, bool]] = {
    "as long as it says": ([("content-length", "5")], 5, True),
    "shorter": ([("content-length", "5")], 4, False),
    "longer": ([("content-length", "5")], 6, False),
    "not a number": ([("content-length", "five")], 5, False),
    "says nothing": ([], 5, False),
    "says nothing of nothing": ([], 0, False),
}


@pytest.mark.parametrize(("fields", "size", "complete"), COMPLETE.values(), ids=COMPLETE)
def test_completeness(fields: Fields, size: int, complete: bool) -> None:
    assert is_complete(fields, size) is complete


def test_keys() -> None:
    url = key_url("/example.com/v2/statistics", "a=1&b=2")
    assert url == f"{ORIGIN}example.com/v2/statistics?a=1&b=2"
    assert key_url("/x", "") == f"{ORIGIN}x"
    assert kv_key(url) != kv_key(key_url("/example.com/v2/statistics", ""))
    assert len(kv_key(f"{ORIGIN}{'x' * 10_000}")) <= 512
