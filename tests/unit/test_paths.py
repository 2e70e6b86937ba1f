"""Paths have one normal form, and what could mean another path to somebody is refused."""

from contextlib import suppress
from time import perf_counter
from urllib.parse import unquote

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.problems import Problem
from routing.match import Asked, Matcher, RouteMatch
from routing.paths import MAX_PATH, PathNormaliser, PathTemplate, normalise_path
from routing.patterns import Kind, PathPattern
from routing.table import PathsSettings

NORMAL = [
    # raw, normal form
    ("/", "/"),
    ("/roadmaps", "/roadmaps"),
    ("/roadmaps/", "/roadmaps/"),
    ("/a.b/c..d", "/a.b/c..d"),
    ("/.well-known/x", "/.well-known/x"),
    ("/%61bc", "/abc"),
    ("/%7Euser", "/~user"),
    ("/caf%c3%a9", "/caf%C3%A9"),
    ("/%252F", "/%252F"),
    ("/a%20b", "/a%20b"),
    ("/a;v=1,2/$x@y:z", "/a;v=1,2/$x@y:z"),
    ("/%2E%2E%2E", "/..."),
    ("/%252e%252e/x", "/%252e%252e/x"),
    ("/a;..;/b", "/a;..;/b"),
    ("/%F0%9F%9A%80", "/%F0%9F%9A%80"),
]

REFUSED = [
    # raw, part of the reason
    ("", "slash"),
    ("roadmaps", "slash"),
    ("*", "slash"),
    ("//", "empty segment"),
    ("//roadmaps", "empty segment"),
    ("/roadmaps//", "empty segment"),
    ("/a//b", "empty segment"),
    ("/.", "dot segment"),
    ("/a/../b", "dot segment"),
    ("/a/%2e%2E/b", "dot segment"),
    ("/a/.%2e", "dot segment"),
    ("/a%2Fb", "%2F"),
    ("/a%5cb", "%5C"),
    ("/a%00", "%00"),
    ("/a%0d%0aSet-Cookie", "%0D"),
    ("/a%7f", "%7F"),
    ("/a\\b", "percent-encoded"),
    ("/a b", "percent-encoded"),
    ("/a\n", "percent-encoded"),
    ("/café", "percent-encoded"),
    ("/a%", "percent-encoded"),
    ("/a%zz", "percent-encoded"),
    ("/a{b}", "percent-encoded"),
    ("/" + "a" * MAX_PATH, "longer"),
    # What only some readers take for dots and slashes.
    ("/%c0%ae%c0%ae/x", "UTF-8"),
    ("/a%c0%afb", "UTF-8"),
    ("/a%e0%80%afb", "UTF-8"),
    ("/a%f0%80%80%afb", "UTF-8"),
    ("/a%ff", "UTF-8"),
    ("/a%e9", "UTF-8"),
    ("/a%ed%a0%80", "UTF-8"),
    ("/a/..;/b", "hides a dot segment"),
    ("/a/.;x=1", "hides a dot segment"),
    ("/a/%2e%2e;/b", "hides a dot segment"),
    ("/a/..%3Bx/b", "hides a dot segment"),
    ("/a%u002e", "percent-encoded"),
    ("/\uff0e\uff0e/x", "percent-encoded"),
]

SETTINGS: dict[str, list[tuple[str, str | None]]] = {
    # setting: raw, normal form or None where it is refused
    "trailing_slash: ignore": [
        ("/a/", "/a"),
        ("/a", "/a"),
        ("/", "/"),
        ("/a%20b/", "/a%20b"),
        ("/a//", None),
        ("//", None),
    ],
    "duplicate_slashes: merge": [
        ("//a", "/a"),
        ("/a///b", "/a/b"),
        ("/a//", "/a/"),
        ("//", "/"),
        ("///", "/"),
        ("/a/%2F/b", None),
        ("/a//../b", None),
    ],
    "dot_segments: resolve": [
        ("/a/./b", "/a/b"),
        ("/a/../b", "/b"),
        ("/a/%2e%2E/b", "/b"),
        ("/a/b/..", "/a/"),
        ("/a/.", "/a/"),
        ("/a/..", "/"),
        ("/.", "/"),
        ("/a/b/../../c", "/c"),
        ("/..", None),
        ("/a/../..", None),
        ("/a/../../b", None),
        ("/%2e%2e/a", None),
        ("/a/..;/b", None),
        ("/a/..%2Fb", None),
        ("/a//../b", None),
        ("/a/...", "/a/..."),
    ],
    "encoded_slashes: keep": [
        ("/a%2fb", "/a%2Fb"),
        ("/a%2Fb/c", "/a%2Fb/c"),
        ("/%2Fetc%2Fhosts", "/%2Fetc%2Fhosts"),
        ("/a%252Fb", "/a%252Fb"),
        ("/a%5Cb", None),
        ("/..%2Fb", None),
        ("/a%2f%2e%2e%2fb", None),
        ("/a%2F.", None),
        ("/a%2F..;x%2Fb", None),
        ("/a%2F..b", "/a%2F..b"),
    ],
}


@pytest.mark.parametrize(("raw", "normal"), NORMAL)
def test_a_path_has_one_normal_form(raw: str, normal: str) -> None:
    assert normalise_path(raw) == normal


@pytest.mark.parametrize(("raw", "reason"), REFUSED)
def test_an_ambiguous_path_is_refused_and_not_repaired(raw: str, reason: str) -> None:
    with pytest.raises(Problem) as refused:
        normalise_path(raw)
    assert refused.value.type.code == "malformed-request"
    assert reason in str(refused.value.detail)


@pytest.mark.parametrize(
    ("setting", "raw", "normal"),
    [(setting, *case) for setting, cases in SETTINGS.items() for case in cases],
)
def test_a_setting_repairs_what_it_names_and_nothing_else(
    setting: str, raw: str, normal: str | None
) -> None:
    name, _, value = setting.partition(": ")
    normalise = PathNormaliser(msgspec.convert({name: value}, PathsSettings))
    if normal is not None:
        assert normalise(raw) == normal
        return
    with pytest.raises(Problem) as refused:
        normalise(raw)
    assert refused.value.type.code == "malformed-request"


@pytest.mark.parametrize("raw", [raw for raw, _ in REFUSED if raw not in ("", "*", "roadmaps")])
def test_all_settings_together_repair_only_slashes_and_dots(raw: str) -> None:
    try:
        normal = LENIENT(raw)
    except Problem:
        return
    assert LENIENT(normal) == normal
    assert normalise_path(normal.replace("%2F", "")) == normal.replace("%2F", "")


LENIENT = PathNormaliser(
    PathsSettings(
        trailing_slash="ignore",
        duplicate_slashes="merge",
        dot_segments="resolve",
        encoded_slashes="keep",
    )
)


pieces = st.sampled_from(
    [
        "/",
        "//",
        ".",
        "..",
        "a",
        "B~",
        "%2e",
        "%2F",
        "%5c",
        "%41",
        "%c3%a9",
        "%25",
        "%",
        "\\",
        ";",
        "%3b",
        " ",
        "é",
    ]
)


normalisers = st.builds(
    PathsSettings,
    trailing_slash=st.sampled_from(["strict", "ignore"]),
    duplicate_slashes=st.sampled_from(["refuse", "merge"]),
    dot_segments=st.sampled_from(["refuse", "resolve"]),
    encoded_slashes=st.sampled_from(["refuse", "keep"]),
).map(PathNormaliser)
raw_paths = st.one_of(
    st.lists(pieces, max_size=12).map("".join),
    st.binary(max_size=40).map(lambda octets: octets.decode("latin-1")),
    st.text(max_size=40),
).map(lambda text: f"/{text}")


@settings(max_examples=500)
@given(normalisers, raw_paths)
def test_whatever_passes_is_in_normal_form_and_harmless(
    normalise: PathNormaliser, raw: str
) -> None:
    try:
        normal = normalise(raw)
    except Problem as refused:
        assert refused.type.code == "malformed-request"  # noqa: PT017
        return
    assert normalise(normal) == normal
    assert normal.isascii()
    assert normal.startswith("/")
    segments = normal[1:].split("/")
    assert not {".", ".."} & set(segments)
    assert "" not in segments[:-1]
    assert not any(bad in normal.upper() for bad in ("%5C", "%00", "\\"))
    # Decoded once more, as a careless service does, it still leads nowhere else.
    decoded = unquote(normal, errors="strict")
    assert not {".", ".."} & {part.partition(";")[0] for part in decoded.split("/")} - {""}


@given(raw_paths)
def test_by_default_no_encoded_slash_passes(raw: str) -> None:
    with suppress(Problem):
        assert "%2F" not in normalise_path(raw)


@given(st.one_of(st.text(max_size=60), st.binary(max_size=60).map(lambda b: b.decode("latin-1"))))
def test_any_text_has_a_normal_form_or_is_malformed(raw: str) -> None:
    for normalise in (normalise_path, LENIENT):
        try:
            assert isinstance(normalise(raw), str)
        except Problem as refused:
            assert refused.type.code == "malformed-request"  # noqa: PT017


@pytest.mark.parametrize(
    "piece", ["/", "/a", "/.", "/..", "%2e", "/%2e%2e", "%", "/a/..", "%2F", ";", "%ff", "%C3%A9"]
)
def test_the_longest_paths_cost_no_more_than_their_length(piece: str) -> None:
    """Sixteen times the length may take 64 times as long; quadratic time would be 256."""
    times = []
    for length in (MAX_PATH // 16, MAX_PATH):
        raw = ("/a" + piece * length)[:length]
        best = float("inf")
        for _ in range(5):
            start = perf_counter()
            for normalise in (normalise_path, LENIENT):
                with suppress(Problem):
                    normalise(raw)
            best = min(best, perf_counter() - start)
        times.append(best)
    assert times[1] < max(64 * times[0], 0.01)


@pytest.mark.parametrize(
    ("text", "values", "filled"),
    [
        ("/roadmaps", {}, "/roadmaps"),
        ("/roadmaps/{id}", {"id": "7"}, "/roadmaps/7"),
        ("/a/{x}/b/{y}", {"x": "1", "y": "a%20b", "z": "unused"}, "/a/1/b/a%20b"),
        ("/a/{x:int}/b/{y:slug}", {"x": "1", "y": "b"}, "/a/1/b/b"),
    ],
)
def test_a_template_is_filled_in(text: str, values: dict[str, str], filled: str) -> None:
    assert PathTemplate(text).fill(values) == filled


def test_templates_of_one_shape_match_the_same_paths_under_other_names() -> None:
    one, other = PathTemplate("/a/{x}/{y}"), PathTemplate("/a/{id}/{step}")
    assert one.shape == other.shape != PathTemplate("/a/b/{y}").shape
    assert one.renamed({"x": "id", "y": "step"}).text == other.text


def test_the_type_of_a_parameter_is_no_part_of_its_name() -> None:
    template = PathTemplate("/a/{x:int}/{y}")
    assert template.text == "/a/{x:int}/{y}"
    assert template.parameters == ("x", "y")
    assert template.types == {"x": "int", "y": ""}
    assert template.places == (("x", 1), ("y", 2))
    assert template.shape == ("a", "{:int}", "{}")
    assert template.untyped.text == "/a/{x}/{y}"
    assert template.renamed({"x": "id", "y": "z", "unused": "w"}).text == "/a/{id:int}/{z}"


def test_paths_of_different_types_have_different_shapes() -> None:
    assert PathTemplate("/a/{x:int}").shape != PathTemplate("/a/{x}").shape


def test_an_unknown_type_is_refused() -> None:
    with pytest.raises(ValueError, match="found `float`"):
        PathTemplate("/a/{x:float}")


@pytest.mark.parametrize(
    ("kind", "text", "examples"),
    [
        ("path", "/a", ["/a"]),
        ("path", "/a/{x:int}/{y}", ["/a/42/x1", "/a/-7/A.b~c", "/a/42/a%20b"]),
        ("path_prefix", "/a", ["/a", "/a/", "/a/more/x1"]),
        ("path_prefix", "/", ["/", "/more/x1"]),
        ("path_regex", "/a/[0-9]{2}", ["/a/00", "/a/11"]),
    ],
)
def test_a_pattern_has_examples_of_paths_that_it_matches(
    kind: Kind, text: str, examples: list[str]
) -> None:
    pattern = PathPattern(kind, text)
    assert pattern.examples() == examples
    matcher: Matcher[str] = Matcher()
    matcher.add(RouteMatch(pattern, ("GET",)), "found")
    assert all(matcher.find(Asked("GET", "", path)) for path in examples)
