"""The validate policy: parameters by their types, bodies read once, answers left whole."""

from typing import Any

import pytest

from contract.problems import Problem
from messages import Headers, Request, Response
from routing.changes import VersionedRoutes
from routing.compile import CompiledRoutes
from tests.unit.fakes import FakePlatform, FakeStream, exchange, json_response, run
from tests.unit.tables import route, table

JSON = ("content-type", "application/json")


def send(
    validate: dict[str, Any],
    *,
    query: str = "",
    headers: tuple[tuple[str, str], ...] = (),
    parameters: dict[str, str] | None = None,
    method: str = "POST",
    body: Any = None,
    answer: Response | None = None,
) -> tuple[Request, Response, dict[str, Any]]:
    """A request through a route that validates: what the policy lets on, its answer, its log."""
    settings = route(methods=["GET", "POST", "DELETE"], validate=validate, max_body="1KiB")
    (compiled,) = CompiledRoutes(table(settings), FakePlatform()).all()
    (policy,) = [step.policy for step in compiled.steps() if step.name == "validate"]
    asked = exchange(method, "/things/1", query, body=body)
    asked.request.headers = Headers(headers)
    asked.parameters = parameters or {"id": "1"}
    seen: list[Request] = []

    async def next(one: Any) -> Response:
        seen.append(one.request)
        return answer or json_response(b"{}")

    response = run(policy(asked, next))
    return seen[0], response, asked.log


def refused(validate: dict[str, Any], **request: Any) -> Problem:
    with pytest.raises(Problem) as problem:
        send(validate, **request)
    return problem.value


INTEGER = {"type": "integer", "minimum": 1}
QUERIES: list[tuple[Any, str, str | None]] = [
    # schema of `p`, query, the detail of the error
    (INTEGER, "p=7", None),
    (INTEGER, "p=0", "expected at least 1, found 0"),
    (INTEGER, "p=1.0", 'expected an integer, found "1.0"'),
    (INTEGER, "p=07", 'expected an integer, found "07"'),
    (INTEGER, "p=", 'expected an integer, found ""'),
    (INTEGER, "p=1&p=2", "expected the parameter once, found it 2 times"),
    (INTEGER, "q=x", None),
    ({"type": "number", "maximum": 2}, "p=2.5e0", "expected at most 2, found 2.5"),
    ({"type": "boolean"}, "p=true", None),
    ({"type": "boolean"}, "p=TRUE", 'expected a boolean, found "TRUE"'),
    ({"type": "string", "maxLength": 3}, "p=a%20b", None),
    ({"type": "string", "maxLength": 2}, "p=a+b", "expected at most 2 characters, found 3"),
    ({"type": ["integer", "string"], "const": 5}, "p=5", None),
    ({"$ref": "#/$defs/n", "$defs": {"n": INTEGER}}, "p=3", None),
    ({"type": "array", "items": INTEGER, "maxItems": 2}, "p=1&p=2", None),
    ({"type": "array", "items": INTEGER}, "p=1&p=x", 'expected an integer, found "x"'),
    (True, "p=anything", None),
    ({"enum": ["a"]}, "p=b", 'expected one of "a", found "b"'),
]


@pytest.mark.parametrize(("schema", "query", "detail"), QUERIES)
def test_parameters_are_read_by_their_type(schema: Any, query: str, detail: str | None) -> None:
    validate = {"query": {"p": schema}}
    if detail is None:
        send(validate, query=query)
    else:
        problem = refused(validate, query=query)
        assert problem.type.code == "malformed-request"
        assert [error["detail"] for error in problem.extensions["errors"]] == [detail]


def test_parameters_can_be_required_and_strangers_refused() -> None:
    validate = {
        "query": {"p": True},
        "headers": {"X-List": {"type": "array", "items": INTEGER}, "X-One": True},
        "required": {"query": ["p"], "headers": ["X-List"]},
        "unknown_query": "refuse",
    }
    fields = (("x-list", "1, 2"), ("x-list", "3"))
    send(validate, query="p=1", headers=fields)
    problem = refused(validate, query="q=1&r=2", headers=(("x-list", "1, x"),))
    assert [(one["in"], one["pointer"]) for one in problem.extensions["errors"]] == [
        *(("query", "#/p"), ("query", "#/q"), ("query", "#/r"), ("header", "#/x-list/1")),
    ]


def test_more_parameters_than_are_looked_at_are_refused() -> None:
    problem = refused({"query": {"p": INTEGER}}, query="&".join(["a=1"] * 1001) + "&p=x")
    assert "at most 1000" in problem.extensions["errors"][0]["detail"]


@pytest.mark.parametrize(
    ("text", "fits"), [("7", True), ("%37", True), ("x", False), ("%FF", False)]
)
def test_parameters_of_the_path_are_decoded(text: str, fits: bool) -> None:
    validate = {"path": {"id": INTEGER}}
    if fits:
        send(validate, parameters={"id": text})
    else:
        assert refused(validate, parameters={"id": text}).extensions["errors"][0]["in"] == "path"


def test_a_body_is_read_once_and_left_as_it_was() -> None:
    stream = FakeStream(b'{ "a": 1.0 }')
    request, _, _ = send({"body": {"required": ["a"]}}, headers=(JSON,), body=stream)
    assert request.body == b'{ "a": 1.0 }'
    untouched = FakeStream(b"x")
    request, _, _ = send({"query": {"p": True}}, body=untouched)
    assert request.body is untouched
    assert not untouched.was_read


def test_a_body_may_be_left_out_where_that_is_said() -> None:
    send({"body": False, "body_required": False})
    send({"body": False}, method="DELETE")
    send({"body": False}, method="GET")
    assert refused({"body": True}).type.code == "invalid-content"
    assert refused({"body": False}, method="DELETE", headers=(JSON,), body=b"1").type.status == 422


def test_an_answer_is_refused_without_a_word_of_its_content() -> None:
    schema = {"schema": {"properties": {"a": {"type": "string"}}}, "action": "refuse"}
    answer = json_response(b'{"a":12345}')
    problem = refused({"response": schema}, answer=answer)
    assert problem.type.code == "upstream-invalid"
    assert "12345" not in str(problem.detail)
    assert not problem.extensions


def test_an_answer_that_is_only_reported_passes() -> None:
    answer = Response(200, Headers([JSON, ("content-length", "9")]), FakeStream(b'{"a":123}'))
    _, response, log = send({"response": {"schema": {"required": ["b"]}}}, answer=answer)
    assert response.body == b'{"a":123}'
    assert log["response_invalid"] == ["# thing.response#/required"]
    large = FakeStream(b" " * 2000)
    answer = Response(200, Headers([JSON, ("content-length", "2000")]), large)
    _, response, log = send({"response": {"schema": False}}, answer=answer)
    assert response.body is large
    assert log["response_invalid"] == ["not checked: larger than max_body"]


def versions(**change: Any) -> Any:
    """A table with a change from v1 to v2 whose transform renames, and a route that validates."""
    changes = {
        "name": "renamed",
        "date": "2026-06-01",
        "from": "v1",
        "to": "v2",
        "transforms": [{"transform": "old", "routes": ["thing"]}],
        **change,
    }
    own = {"own": {"request": {"json": [{"op": "rename", "path": "/title", "to": "t"}]}}}
    one = route(methods=["POST"], transform="own", validate={"body": {"required": ["title"]}})
    old = {"old": {"request": {"json": [{"op": "rename", "path": "/name", "to": "title"}]}}}
    return table(one, changes=[changes], transforms={**old, **own})


def steps(whole: Any, version: str) -> list[str]:
    compiled = CompiledRoutes(whole, FakePlatform())
    (found,) = [one for one in compiled.all() if one.versioned.version == version]
    wanted = ("carry_up", "validate", "transform")
    return [
        f"{step.name} {','.join(step.settings.get('transforms', ()))}".strip()
        for step in found.steps()
        if step.name in wanted
    ]


def test_a_carried_request_is_checked_in_the_words_that_the_schema_is_written_in() -> None:
    assert steps(versions(), "v2") == ["validate", "transform own"]
    assert steps(versions(), "v1") == ["carry_up old", "validate", "transform own"]
    own_words = versions(validate={"thing": {"body": {"required": ["name"]}}})
    assert steps(own_words, "v1") == ["validate", "transform old,own"]
    assert steps(own_words, "v2") == ["validate", "transform own"]
    (carried,) = VersionedRoutes(own_words).of("v1")
    assert carried.validation is not None
    assert carried.validation.owner == "renamed:thing"
