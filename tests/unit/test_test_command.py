"""`gateway test`: expectations that hold, and how those that do not are shown."""

import json
from pathlib import Path

import pytest

from cli.main import main

ROOT = Path(__file__).resolve().parents[2]
TABLE = """\
versions: { default: v2, supported: { v2: {} } }
services: { data: { binding: DATA } }
transforms: { old: { request: { json: [{ op: rename, path: /name, to: title }] } } }
routes:
  - name: things
    path: /things
    methods: [GET, POST]
    versions: [v2]
    service: data
    access: { scopes: [read] }
    transform: old
    purge: [things, "of:{claim.sub}"]
"""


@pytest.fixture
def tests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of expectations beside a small table, in the working folder."""
    monkeypatch.chdir(tmp_path)
    Path("routes.yaml").write_text(TABLE)
    return Path("routes.tests.yaml")


def test_the_project_does_what_is_expected_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["test", str(ROOT / "routes.yaml")])
    assert status == 0, capsys.readouterr().out


ADA = "as: { subject: ada, scopes: [read] }"
HOLDS = [
    # request, what the service answers, what is expected, which holds
    (f"{{ url: /things, {ADA} }}", "{}", "{ route: things, version: v2, service: data }"),
    ("{ url: /nothing }", "{}", "{ route: none, version: none, service: none }"),
    ("{ url: /things }", "{}", "{ response: { status: 401, problem: unauthenticated } }"),
    (f"{{ url: '/things?a=1', {ADA} }}", "{}",
     "{ upstream: { method: GET, path: /things, query: a=1, headers: { authorization: null } } }"),
    (f"{{ method: POST, url: /things, json: {{ name: x }}, {ADA} }}", "{}",
     "{ upstream: { json: { title: x } } }"),
    (f"{{ method: POST, url: /things, body: text, {ADA} }}", "{}", "{ upstream: { body: text } }"),
    (f"{{ url: /things, {ADA} }}", "{ status: 201, headers: { ETag: x }, json: [1, { a: null }] }",
     "{ response: { status: 201, headers: { etag: x, X-No: null }, json: [1, { a: null }] } }"),
    (f"{{ url: /things, {ADA} }}", "{ body: text }", "{ response: { body: text } }"),
    (f"{{ method: POST, url: /things, {ADA} }}", "{}", "{ purges: ['of:ada', things] }"),
    (f"{{ method: POST, url: /things, {ADA} }}", "{ status: 409 }", "{ purges: [] }"),
    (f"{{ url: /things, {ADA} }}", "{}", "{ purges: [] }"),
]  # fmt: skip


@pytest.mark.parametrize(("request_", "answer", "expected"), HOLDS)
def test_what_holds_passes(
    request_: str, answer: str, expected: str, tests: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tests.write_text(
        f"- name: case\n  request: {request_}\n  answer: {answer}\n  expected: {expected}\n"
    )
    assert main(["test"]) == 0, capsys.readouterr().out


FAILS = [
    # expected, what is said of it
    ("{ route: other }", "route: expected other, found things"),
    ("{ version: v1 }", "version: expected v1, found v2"),
    ("{ service: none }", "service: expected none, found data"),
    ("{ upstream: { path: /x } }", "upstream.path: expected /x, found /things"),
    ("{ upstream: { headers: { X-A: b } } }", "upstream.headers.X-A: expected b, found none"),
    ("{ response: { status: 201 } }", "response.status: expected 201, found 200"),
    ("{ response: { problem: not-found } }", "response.problem: expected not-found, found none"),
    ("{ response: { json: { a: 1 } } }", '+{}'),
    ("{ purges: [b, a] }", "purges: expected a, b, found none"),
]  # fmt: skip


@pytest.mark.parametrize(("expected", "message"), FAILS)
def test_what_does_not_hold_is_shown_with_its_line(
    expected: str, message: str, tests: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tests.write_text(
        f"- name: the case\n  request: {{ url: /things, {ADA} }}\n  expected: {expected}\n"
    )
    assert main(["test"]) == 1
    out = capsys.readouterr().out
    assert out.startswith("routes.tests.yaml:1:3: the case\n  line 3: ")
    assert message in out
    assert "$ gateway explain GET /things --as ada --scope read --routes routes.yaml" in out
    assert "routes.tests.yaml: 0 passed, 1 failed in" in out


def test_a_request_that_is_refused_never_gets_to_the_service(
    tests: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tests.write_text(
        "- name: case\n  request: { url: /things }\n  expected: { upstream: { path: /things } }\n"
    )
    assert main(["test"]) == 1
    message = "upstream: expected a request to a service, found refused: 401 unauthenticated"
    assert message in capsys.readouterr().out


MISTAKES = [
    # the file, the message
    ("- nam: x\n", "routes.tests.yaml:1:3: `name` is missing"),
    ("- { name: x, request: { url: / }, expect: {} }\n", "did you mean `expected`?"),
    ("- { name: x, request: { url: things }, expected: {} }\n",
     "routes.tests.yaml:1:23: expected a path such as /v2/roadmaps"),
    ("- { name: x, request: { url: /, json: 1, body: a }, expected: {} }\n",
     "expected one of `json` and `body`, found both"),
    ("- [", ": not valid YAML"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), MISTAKES)
def test_mistakes_are_file_line_column(
    text: str, message: str, tests: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tests.write_text(text)
    assert main(["test"]) == 2
    assert message in capsys.readouterr().err


def test_words_pick_cases(tests: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tests.write_text(
        "".join(
            f"- {{ name: {name}, request: {{ url: /x }}, expected: {{ route: none }} }}\n"
            for name in ("red apple", "green apple", "pear")
        )
    )
    assert main(["test", "-k", "APPLE", "red"]) == 0
    assert "1 passed" in capsys.readouterr().out
    assert main(["test", "-k", "plum"]) == 2


def test_without_a_file_it_says_so(tests: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["test"]) == 2
    assert f"there is no {tests}" in capsys.readouterr().err


def test_machines_get_the_places(tests: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tests.write_text("- name: x\n  request: { url: /x }\n  expected:\n    route: things\n")
    assert main(["test", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["passed"], found["failed"]) == (0, 1)
    (mismatch,) = found["results"][0]["mismatches"]
    assert (mismatch["line"], mismatch["column"]) == (4, 12)
    assert (mismatch["what"], mismatch["expected"], mismatch["found"]) == (
        *("route", "things"),
        "none",
    )
