"""What is refused in the settings of a transform, where, and with which sentence."""

from typing import Any

import msgspec
import pytest

from tests.cases.transforms import ALL, Edit
from transforms.check import objections, placeholders, reads_bodies
from transforms.settings import TransformSettings
from transforms.templates import TemplateError

ONE_OF = "${path.id}, ${query.page}, ${header.x-tenant}, ${claim.sub}, ${body./owner/id}"


def settings(**members: Any) -> TransformSettings:
    return msgspec.convert(members, TransformSettings)


def json(**operation: Any) -> dict[str, Any]:
    operation = {name.rstrip("_"): value for name, value in operation.items()}
    return {"request": {"json": [operation]}}


def header(**operation: Any) -> dict[str, Any]:
    return {"request": {"headers": [operation]}}


OWNED = "belongs to HTTP or the gateway and cannot be changed by a table"
CREDENTIALS = "carries credentials: a table can `remove` it and nothing else"

REFUSED: list[tuple[dict[str, Any], str, str]] = [
    # settings, where, sentence
    (json(op="add", path="/a"), "json.0", "expected exactly one of `value` and `template`"),
    (json(op="set", path="/a", value=None, template="x"), "json.0",
     "expected exactly one of `value` and `template`"),
    (json(op="each", path="/a", do=[{"op": "set", "path": "/b"}]), "json.0.do.0",
     "expected exactly one of `value` and `template`"),
    (json(op="set", path="/a", template="${pth.id}"), "json.0.template",
     f"there is no source `pth` in `${{pth.id}}` (expected one of {ONE_OF})"),
    (json(op="set", path="/a", template="${id}"), "json.0.template",
     f"there is no source `id` in `${{id}}` (expected one of {ONE_OF})"),
    (json(op="set", path="/a", template="a ${path.id"), "json.0.template",
     "`${path.id` is not closed (for `${` itself write `$${`)"),
    (json(op="set", path="/a", template="${query.}"), "json.0.template",
     "`${query.}` names nothing (expected one like ${query.page})"),
    (json(op="set", path="/a", template="${body.a}"), "json.0.template",
     "`${body.a}` names nothing (expected one like ${body./owner/id})"),
    (json(op="set", path="/a", template="${claim.email}"), "json.0.template",
     "there is no claim `email` (known: sub, scope, kind, iat, exp, credential_id)"),
    (json(op="set", path="/a", template="${header.Authorization}"), "json.0.template",
     "no template can read the header field `authorization`"),
    (json(op="set", path="/a", template="${header.cookie}"), "json.0.template",
     "no template can read the header field `cookie`"),
    (json(op="set", path="/a", template="${header.gateway-identity}"), "json.0.template",
     "no template can read the header field `gateway-identity`"),
    (json(op="set", path="/a/-", value=1), "json.0.path",
     "`-` is the place behind the last element, which is never there; use `append`"),
    (json(op="copy", from_="/a", to="/b/-"), "json.0.to",
     "`-` is the place behind the last element, which is never there; use `append`"),
    (json(op="move", from_="/a", to="/a"), "json.0.to", "the value is there already"),
    (json(op="rename", path="/x/a~1b", to="a/b"), "json.0.to", "the new name is the old one"),
    (json(op="remove", path="/a" * 33), "json.0.path", "expected a pointer of at most 32 names"),
    (header(op="set", name="X-A"), "headers.0", "expected exactly one of `value` and `template`"),
    (header(op="set", name="X-A", value="a\r\nb"), "headers.0.value",
     "expected printable ASCII characters without a space at either end"),
    (header(op="set", name="X-A", value="ä"), "headers.0.value",
     "expected printable ASCII characters without a space at either end"),
    (header(op="set", name="Content-Length", value="1"), "headers.0.name",
     f"`Content-Length` {OWNED}"),
    (header(op="remove", name="Transfer-Encoding"), "headers.0.name",
     f"`Transfer-Encoding` {OWNED}"),
    (header(op="remove", name="connection"), "headers.0.name", f"`connection` {OWNED}"),
    (header(op="set", name="host", value="x"), "headers.0.name", f"`host` {OWNED}"),
    (header(op="remove", name="traceparent"), "headers.0.name", f"`traceparent` {OWNED}"),
    (header(op="set", name="X-Request-Id", value="x"), "headers.0.name", f"`X-Request-Id` {OWNED}"),
    (header(op="rename", name="X-A", to="Gateway-Identity"), "headers.0.to",
     f"`Gateway-Identity` {OWNED}"),
    (header(op="set", name="Authorization", value="x"), "headers.0.name",
     f"`Authorization` {CREDENTIALS}"),
    (header(op="rename", name="Cookie", to="X-A"), "headers.0.name", f"`Cookie` {CREDENTIALS}"),
    (header(op="rename", name="X-A", to="x-a"), "headers.0.to", "the new name is the old one"),
    (header(op="append", name="Content-Type", value="x/y"), "headers.0.name",
     "there is one Content-Type; use `set` or `add`"),
    ({"request": {"query": [{"op": "add", "name": "a"}]}}, "query.0",
     "expected exactly one of `value` and `template`"),
    ({"request": {"query": [{"op": "rename", "name": "a", "to": "a"}]}}, "query.0.to",
     "the new name is the old one"),
    ({"request": {"path": "/a//b"}}, "path", "a path has no empty segments"),
    ({"request": {"path": "/a/../b"}}, "path", "a path has no segments `.` and `..`"),
    ({"request": {"path": "/a?b"}}, "path",
     "expected characters of a path, without query and percent-encoding"),
    ({"request": {"path": "/a/%2e"}}, "path",
     "expected characters of a path, without query and percent-encoding"),
    ({"request": {"path": "/${path}"}}, "path",
     f"there is no source `path` in `${{path}}` (expected one of {ONE_OF})"),
    ({"response": {"status": {"200": 404}}}, "status.200",
     "expected status codes that begin with 2, found 404"),
    ({"response": {"status": {"200": 204}}}, "status.200",
     "204 says what the body is, which a table does not change"),
    ({"response": {"status": {"206": 200}}}, "status.206",
     "206 says what the body is, which a table does not change"),
    ({"response": {"status": {"304": 304}}}, "status.304",
     "expected status codes that begin with 2, found 304"),
    ({"errors": {"status": {"500": 200}}}, "status.500",
     "expected status codes that begin with 4 or 5, found 200"),
    ({"errors": {"status": {"403": 401}}}, "status.403",
     "401 has to come with WWW-Authenticate, which a table cannot know"),
    ({"errors": {"status": {"404": 404}}}, "status.404", "the new status code is the old one"),
]  # fmt: skip


@pytest.mark.parametrize(("members", "where", "sentence"), REFUSED)
def test_what_is_refused(members: dict[str, Any], where: str, sentence: str) -> None:
    path, message = next(iter(objections(settings(**members))))
    assert (".".join(map(str, path[1:])), message) == (where, sentence)
    assert path[0] in members


def test_every_mistake_is_found() -> None:
    everything = settings(
        request={
            "path": "//",
            "headers": [{"op": "set", "name": "host"}],
            "json": [{"op": "add", "path": "/a/-"}, {"op": "add", "path": "/a/-"}],
        },
        errors={"status": {"404": 200}, "json": [{"op": "add", "path": "/a"}]},
    )
    assert len(list(objections(everything))) == 9


NOT_WRONG = [case for _, case in ALL if not isinstance(case, Edit)]


@pytest.mark.parametrize("case", NOT_WRONG, ids=[case.says for case in NOT_WRONG])
def test_nothing_is_wrong_with_the_table_of_cases(case: Any) -> None:
    for members in case.chain:
        found = [message for _, message in objections(settings(**members))]
        assert not found or "\r" in str(members)


@pytest.mark.parametrize(
    ("members", "reads"),
    [
        ({}, False),
        ({"request": {"path": "/${path.id}", "headers": [{"op": "remove", "name": "a"}]}}, False),
        ({"request": {"path": "/${body./id}"}}, True),
        ({"request": {"query": [{"op": "add", "name": "a", "template": "${body./id}"}]}}, True),
        ({"errors": {"json": [{"op": "remove", "path": "/a"}]}}, True),
    ],
)
def test_whether_bodies_are_read_and_have_to_be_limited(
    members: dict[str, Any], reads: bool
) -> None:
    assert reads_bodies(settings(**members)) is reads


def test_what_templates_read_is_listed() -> None:
    listed = placeholders(
        settings(
            request={"path": "/${path.id}"},
            response={
                "json": [
                    {"op": "each", "path": "", "do": [
                        {"op": "set", "path": "/a", "template": "${path.b}${claim.sub}"}]}
                ]
            },
        )
    )  # fmt: skip
    assert list(listed) == [
        (("request", "path"), ("path", "id")),
        (("response", "json"), ("path", "b")),
        (("response", "json"), ("claim", "sub")),
    ]


def test_a_broken_template_is_no_answer() -> None:
    with pytest.raises(TemplateError):
        list(placeholders(settings(request={"path": "/${path.id"})))
