"""What holds for any field values: nothing raises, no age is negative, no answer lasts too long."""

import contextlib

from hypothesis import given, settings
from hypothesis import strategies as st

from caching import cache_status, invalidation, lists, ranges, vary
from caching.ages import age_value
from caching.codings import accepted, codings_of
from caching.dates import format_date, parse_date
from caching.decide import decide
from caching.decision import Serve
from caching.directives import MAX_SECONDS, parse_directives
from caching.entity_tags import is_listed
from caching.request import CacheRequest
from caching.serving import head_of
from caching.settings import CacheRules
from caching.stored import StoredResponse
from caching.storing import retention, store
from caching.structured_fields import parse_dictionary
from caching.targeted import governing
from messages import Headers, Response
from tests.cases.caching.running import ZERO

octets = st.binary(max_size=60).map(lambda raw: raw.decode("latin-1"))
shaped = st.text(alphabet='"\\,;=()?@%:.*- \t0123456789aAzW/bytesGMTmx', max_size=60)
anything = octets | shaped
weighted = st.lists(
    st.builds(
        "{}{}".format,
        st.sampled_from(["gzip", "BR", "x-gzip", "identity", "*", "zstd"]),
        st.sampled_from(["", ";q=0", "; q=0.5", ";Q=1.000", ";q=2", ";x=1"]),
    ),
    max_size=5,
).map(", ".join)
"""Accept-Encoding."""
WORDINGS = {
    *("br, gzip", "br", "gzip", "identity"),
    *("br, gzip, identity;q=0", "br, identity;q=0", "gzip, identity;q=0", "identity;q=0"),
}

seconds = st.integers(-5, 200) | st.sampled_from([2**31, 2**40])
directive = st.builds(
    "{}={}".format,
    st.sampled_from(["max-age", "s-maxage", "stale-while-revalidate", "stale-if-error"]),
    seconds,
) | st.sampled_from(["public", "must-revalidate", "no-cache", "immutable", "proxy-revalidate"])
control = st.lists(directive, max_size=4).map(", ".join)
date = st.integers(-300, 300).map(lambda off: format_date(ZERO + off))
answers = st.fixed_dictionaries(
    {"cache-control": control | anything},
    optional={
        "age": st.integers(0, 300).map(str) | anything,
        "date": date | anything,
        "expires": date | anything,
        "last-modified": date | anything,
        "etag": st.sampled_from(['"1"', 'W/"1"']) | anything,
        "vary": st.sampled_from(["accept", "x, y"]) | anything,
        "cdn-cache-control": control | anything,
    },
)
asked = st.dictionaries(
    st.sampled_from(
        ["cache-control", "pragma", "if-none-match", "if-modified-since", "range", "if-range", "x"]
    ),
    st.lists(
        st.builds("{}={}".format, st.sampled_from(["max-age", "max-stale", "min-fresh"]), seconds)
        | st.sampled_from(["no-cache", "max-stale", "only-if-cached"]),
        max_size=2,
    ).map(", ".join)
    | anything
    | date,
    max_size=4,
)


def quarters(least: int, most: int) -> st.SearchStrategy[float]:
    """Seconds, which add up exactly."""
    return st.integers(4 * least, 4 * most).map(lambda number: number / 4)


@given(anything, anything)
def test_nothing_that_is_read_raises(one: str, other: str) -> None:
    directives = parse_directives([one, other])
    for name in ("max-age", "private", *directives.as_dict()):
        assert 0 <= (directives.seconds(name) or 0) <= MAX_SECONDS
        directives.fields(name)
    assert 0 <= age_value(Headers([("age", one), ("age", other)])) <= MAX_SECONDS
    parse_date(one, ZERO)
    is_listed(one, other)
    governing(
        Headers([("cdn-cache-control", one), ("cache-control", other)]), ["cdn-cache-control"]
    )
    vary.nominated(Headers([("vary", one), ("vary", other)]), frozenset())
    vary.normal("accept-encoding", [one, other])
    codings_of(Headers([("content-encoding", one), ("content-encoding", other)]))
    invalidation.invalidated("https://a.example/x", Headers([("location", one)]))
    cache_status.hit(1, key=one)
    with contextlib.suppress(ValueError):
        parse_dictionary(one)


@given(anything | weighted)
def test_our_wording_of_what_is_accepted_says_the_same_again(value: str) -> None:
    """It is all that a variant knows of whom it is for."""
    first = accepted(value)
    assert accepted(first.wording) == first
    assert first.wording in WORDINGS


@given(anything)
def test_members_of_a_list_hide_nothing_without_a_quote(value: str) -> None:
    found = lists.members([value])
    if '"' not in value:
        assert "".join(found).replace(" ", "") == "".join(
            part.strip(" \t") for part in value.split(",")
        ).replace(" ", "")
    assert all(member == member.strip(" \t") != "" for member in found)


@given(anything | st.from_regex(r"bytes=\d{0,20}-\d{0,20}", fullmatch=True), st.integers(0, 10**9))
def test_a_part_lies_in_the_whole(value: str, length: int) -> None:
    part = ranges.part_of(value, length)
    if isinstance(part, ranges.Part):
        assert 0 <= part.first <= part.last < length


@given(st.integers(0, 253402300799))
def test_a_date_that_is_written_is_read(when: int) -> None:
    assert parse_date(format_date(when), ZERO) == when


@settings(max_examples=300)
@given(answers, asked, quarters(-50, 500), quarters(0, 20), st.sampled_from(["GET", "HEAD"]))
def test_no_answer_outlives_what_allows_it(
    fields: dict[str, str], wanted: dict[str, str], later: float, delay: float, method: str
) -> None:
    rules = CacheRules(default_ttl=20, stale_while_revalidate=5, stale_if_error=7)
    answer = Response(200, Headers(fields.items()))
    kept = store(
        CacheRequest("GET", Headers(wanted.items())),
        answer,
        rules,
        request_time=ZERO - delay,
        response_time=ZERO,
        length=10,
    )
    if not isinstance(kept, StoredResponse):
        return
    facts = kept.facts
    assert facts.initial_age >= delay
    request = CacheRequest(method, Headers(wanted.items()))
    decision = decide(request, [kept], rules, ZERO + later)
    if not isinstance(decision, Serve):
        return
    assert decision.age >= facts.initial_age >= 0
    assert decision.ttl == facts.lifetime - decision.age
    assert int(head_of(decision).get("age") or "-1") >= 0
    assert not facts.validate
    assert "no-cache" not in request.directives
    if decision.ttl <= 0:
        assert not facts.strict
        accepted = request.directives.seconds("max-stale")
        if request.directives.is_bare("max-stale"):
            accepted = MAX_SECONDS
        assert -decision.ttl < max(facts.while_revalidate, accepted or 0)
    elif later >= 0:
        assert retention(kept, rules, ZERO + later) > 0
