"""What transforms do, as a table: under CPython in tests/unit, through workerd in tests/worker.

Everything here is data that JSON can carry. `EDITS` are operations on one document, which have to
do the same on the way up and on the way down; `EXCHANGES` are whole exchanges.
"""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

LIMIT = 1000
"""Bytes of a body, in all cases."""

JSON = [["content-type", "application/json"]]

REQUEST: dict[str, Any] = {
    "query": "page=2&q=a%20b+c&none=&tag=x&tag=y&odd=%FF",
    "headers": [
        ["x-tenant", "acme"],
        ["x-list", "1"],
        ["x-list", "2"],
        ["x-odd", "ä\u0001"],
        ["authorization", "Bearer secret"],
    ],
    "parameters": {"id": "r%201", "odd": "%FF"},
    "principal": {"subject": "ada", "kind": "token", "scopes": ["read", "write"], "expires_at": 9},
}
"""The request that the templates of all cases read."""


class Edit(NamedTuple):
    """A document before and after some operations, and the sentence that explains it."""

    says: str
    operations: list[dict[str, Any]]
    before: Any
    after: Any


def op(name: str, path: str, **members: Any) -> list[dict[str, Any]]:
    """One operation; `from_` stands for `from`."""
    given = {key.rstrip("_"): value for key, value in members.items()}
    at = {} if "from" in given else {"path": path}
    return [{"op": name, **at, **given}]


def move(source: str, to: str, name: str = "move") -> list[dict[str, Any]]:
    return [{"op": name, "from": source, "to": to}]


SWAP = op("rename", "/a", to="c") + op("rename", "/b", to="a") + op("rename", "/c", to="b")

EDITS: dict[str, list[Edit]] = {
    "add": [
        Edit("puts a value where nothing is", op("add", "/a", value=1), {}, {"a": 1}),
        Edit("leaves what is there", op("add", "/a", value=1), {"a": 2}, {"a": 2}),
        Edit("takes null for something", op("add", "/a", value=1), {"a": None}, {"a": None}),
        Edit("makes the objects on the way", op("add", "/a/b", value=1), {}, {"a": {"b": 1}}),
        Edit("never replaces what is in the way", op("add", "/a/b", value=1), {"a": 2}, {"a": 2}),
        Edit("puts null in as well", op("add", "/a", value=None), {}, {"a": None}),
        Edit("cannot make a list longer", op("add", "/a/1", value=9), {"a": [1]}, {"a": [1]}),
    ],
    "set": [
        Edit("replaces what is there", op("set", "/a", value=2), {"a": 1}, {"a": 2}),
        Edit("puts it where nothing is", op("set", "/a/b", value=[1]), {}, {"a": {"b": [1]}}),
        Edit("reaches into a list", op("set", "/a/1", value=9), {"a": [1, 2]}, {"a": [1, 9]}),
        Edit("makes no list longer", op("set", "/a/1", value=9), {"a": [1]}, {"a": [1]}),
        Edit("replaces the whole document", op("set", "", value={"ok": True}), [1], {"ok": True}),
        Edit("knows escaped names", op("set", "/a~1b~0", value=1), {}, {"a/b~": 1}),
        Edit("does nothing to a scalar", op("set", "/a", value=1), "text", "text"),
    ],
    "replace": [
        Edit("replaces what is there", op("replace", "/a", value=2), {"a": 1}, {"a": 2}),
        Edit("takes null for something", op("replace", "/a", value=2), {"a": None}, {"a": 2}),
        Edit("adds nothing", op("replace", "/a", value=2), {"b": 1}, {"b": 1}),
    ],
    "default": [
        Edit("puts a value where nothing is", op("default", "/a", value=1), {}, {"a": 1}),
        Edit("and in the place of null", op("default", "/a", value=1), {"a": None}, {"a": 1}),
        Edit("leaves zero", op("default", "/a", value=1), {"a": 0}, {"a": 0}),
        Edit("leaves false", op("default", "/a", value=1), {"a": False}, {"a": False}),
        Edit("leaves an empty text", op("default", "/a", value=1), {"a": ""}, {"a": ""}),
    ],
    "append": [
        Edit("makes a list longer", op("append", "/a", value=2), {"a": [1]}, {"a": [1, 2]}),
        Edit("makes a list where nothing is", op("append", "/a", value=2), {}, {"a": [2]}),
        Edit("leaves what is no list", op("append", "/a", value=2), {"a": "x"}, {"a": "x"}),
        Edit("leaves null", op("append", "/a", value=2), {"a": None}, {"a": None}),
        Edit("works on the whole document", op("append", "", value=2), [1], [1, 2]),
        Edit(
            "puts a list in as one element", op("append", "/a", value=[2]), {"a": []}, {"a": [[2]]}
        ),
    ],
    "remove": [
        Edit("drops a member", op("remove", "/a"), {"a": 1, "b": 2}, {"b": 2}),
        Edit("drops an element", op("remove", "/a/0"), {"a": [1, 2]}, {"a": [2]}),
        Edit("drops a whole branch", op("remove", "/a"), {"a": {"b": {"c": 1}}}, {}),
        Edit("does nothing where nothing is", op("remove", "/a/b"), {"a": 1}, {"a": 1}),
        Edit("does nothing to a scalar", op("remove", "/a"), "text", "text"),
    ],
    "rename": [
        Edit("gives a member another name", op("rename", "/a", to="b"), {"a": 1}, {"b": 1}),
        Edit("deep inside", op("rename", "/x/a", to="b"), {"x": {"a": 1}}, {"x": {"b": 1}}),
        Edit("to a name with any character", op("rename", "/a", to="b/~"), {"a": 1}, {"b/~": 1}),
        Edit("keeps null", op("rename", "/a", to="b"), {"a": None}, {"b": None}),
        Edit(
            "replaces a member of the new name",
            op("rename", "/a", to="b"),
            {"a": 1, "b": 2},
            {"b": 1},
        ),
        Edit("does nothing where nothing is", op("rename", "/a", to="b"), {"c": 1}, {"c": 1}),
        Edit("does nothing in a list", op("rename", "/0", to="b"), [1, 2], [1, 2]),
        Edit("loses nothing in a list", op("rename", "/0", to="1"), [1, 2], [1, 2]),
        Edit("swaps by way of a third name", SWAP, {"a": 1, "b": 2}, {"a": 2, "b": 1}),
    ],
    "move": [
        Edit(
            "takes a value to another place", move("/a/b", "/c"), {"a": {"b": 1}}, {"a": {}, "c": 1}
        ),
        Edit("makes the objects on the way", move("/a", "/b/c"), {"a": 1}, {"b": {"c": 1}}),
        Edit(
            "can go inside of what it was",
            move("/a", "/a/b"),
            {"a": {"x": 1}},
            {"a": {"b": {"x": 1}}},
        ),
        Edit("but not into a scalar", move("/a", "/a/b"), {"a": 1}, {"a": 1}),
        Edit("does nothing where nothing is", move("/x", "/c"), {"a": 1}, {"a": 1}),
        Edit(
            "loses nothing where the way is blocked",
            move("/a", "/b/c"),
            {"a": 1, "b": "x"},
            {"a": 1, "b": "x"},
        ),
        Edit("loses nothing in a list", move("/a/0", "/a/1"), {"a": [1, 2]}, {"a": [1, 2]}),
        Edit(
            "within a longer list it replaces",
            move("/a/0", "/a/1"),
            {"a": [1, 2, 3]},
            {"a": [2, 1]},
        ),
    ],
    "copy": [
        Edit("leaves the original", move("/a", "/b", "copy"), {"a": 1}, {"a": 1, "b": 1}),
        Edit(
            "takes a whole branch",
            move("/a", "/b/c", "copy"),
            {"a": [1]},
            {"a": [1], "b": {"c": [1]}},
        ),
        Edit(
            "shares nothing",
            move("/a", "/b", "copy") + op("append", "/b", value=2),
            {"a": [1]},
            {"a": [1], "b": [1, 2]},
        ),
        Edit("does nothing where nothing is", move("/x", "/b", "copy"), {"a": 1}, {"a": 1}),
        Edit(
            "can go inside of itself",
            move("/a", "/a/b", "copy"),
            {"a": {"x": 1}},
            {"a": {"x": 1, "b": {"x": 1}}},
        ),
    ],
    "each": [
        Edit(
            "edits every element",
            op("each", "/a", do=op("rename", "/x", to="y")),
            {"a": [{"x": 1}, {"z": 2}, 3]},
            {"a": [{"y": 1}, {"z": 2}, 3]},
        ),
        Edit(
            "edits the values of an object",
            op("each", "/a", do=op("remove", "/x")),
            {"a": {"k": {"x": 1}, "l": 2}},
            {"a": {"k": {}, "l": 2}},
        ),
        Edit(
            "edits a whole document that is a list",
            op("each", "", do=op("set", "/n", value=1)),
            [{}, {}],
            [{"n": 1}, {"n": 1}],
        ),
        Edit(
            "leaves an empty list",
            op("each", "/a", do=op("set", "", value=1)),
            {"a": []},
            {"a": []},
        ),
        Edit("leaves a scalar", op("each", "/a", do=op("remove", "/x")), {"a": 1}, {"a": 1}),
        Edit(
            "replaces the elements themselves",
            op("each", "/a", do=op("wrap", "", key="id")),
            {"a": [1, 2]},
            {"a": [{"id": 1}, {"id": 2}]},
        ),
        Edit(
            "goes inside each other",
            op("each", "", do=op("each", "/a", do=op("cast", "", to="string"))),
            [{"a": [1]}, {"a": [2]}],
            [{"a": ["1"]}, {"a": ["2"]}],
        ),
    ],
    "wrap": [
        Edit("puts a value into an object", op("wrap", "/a", key="id"), {"a": 1}, {"a": {"id": 1}}),
        Edit("the whole document", op("wrap", "", key="data"), [1], {"data": [1]}),
        Edit("null as well", op("wrap", "/a", key="id"), {"a": None}, {"a": {"id": None}}),
        Edit("does nothing where nothing is", op("wrap", "/a", key="id"), {}, {}),
    ],
    "unwrap": [
        Edit(
            "takes a value out of an object",
            op("unwrap", "/a", key="id"),
            {"a": {"id": 1, "x": 2}},
            {"a": 1},
        ),
        Edit("the whole document", op("unwrap", "", key="data"), {"data": [1], "meta": {}}, [1]),
        Edit(
            "leaves an object without the member",
            op("unwrap", "/a", key="id"),
            {"a": {"x": 2}},
            {"a": {"x": 2}},
        ),
        Edit("leaves a list", op("unwrap", "/a", key="0"), {"a": [1]}, {"a": [1]}),
    ],
    "cast to a string": [
        Edit("a whole number", op("cast", "/a", to="string"), {"a": -12}, {"a": "-12"}),
        Edit("a number with a fraction", op("cast", "/a", to="string"), {"a": 1.5}, {"a": "1.5"}),
        Edit("a boolean", op("cast", "/a", to="string"), {"a": True}, {"a": "true"}),
        Edit("null stays null", op("cast", "/a", to="string"), {"a": None}, {"a": None}),
        Edit("a list stays", op("cast", "/a", to="string"), {"a": [1]}, {"a": [1]}),
    ],
    "cast to an integer": [
        Edit("digits", op("cast", "/a", to="integer"), {"a": "-12"}, {"a": -12}),
        Edit(
            "any number of digits",
            op("cast", "/a", to="integer"),
            {"a": "12345678901234567890123"},
            {"a": 12345678901234567890123},
        ),
        Edit("up to a limit", op("cast", "/a", to="integer"), {"a": "9" * 301}, {"a": "9" * 301}),
        Edit("a number without a fraction", op("cast", "/a", to="integer"), {"a": 3.0}, {"a": 3}),
        Edit("a fraction stays", op("cast", "/a", to="integer"), {"a": 3.5}, {"a": 3.5}),
        Edit("leading zeros stay", op("cast", "/a", to="integer"), {"a": "007"}, {"a": "007"}),
        Edit("spaces stay", op("cast", "/a", to="integer"), {"a": " 7"}, {"a": " 7"}),
        Edit(
            "digits of other scripts stay", op("cast", "/a", to="integer"), {"a": "٣"}, {"a": "٣"}
        ),
        Edit("a boolean stays", op("cast", "/a", to="integer"), {"a": True}, {"a": True}),
    ],
    "cast to a number": [
        Edit("a text that is one", op("cast", "/a", to="number"), {"a": "-1.5"}, {"a": -1.5}),
        Edit("a whole one", op("cast", "/a", to="number"), {"a": "15"}, {"a": 15}),
        Edit(
            "what JSON does not know stays",
            op("cast", "/a", to="number"),
            {"a": ["NaN", "1.", ".5", "0x1"]},
            {"a": ["NaN", "1.", ".5", "0x1"]},
        ),
        Edit("NaN stays", op("cast", "/a", to="number"), {"a": "NaN"}, {"a": "NaN"}),
        Edit("a plus sign stays", op("cast", "/a", to="number"), {"a": "+1"}, {"a": "+1"}),
        Edit(
            "an absurd exponent stays",
            op("cast", "/a", to="number"),
            {"a": "1e9999"},
            {"a": "1e9999"},
        ),
    ],
    "cast to a boolean": [
        Edit(
            "the words of JSON",
            op("each", "", do=op("cast", "", to="boolean")),
            ["true", "false"],
            [True, False],
        ),
        Edit(
            "one and zero", op("each", "", do=op("cast", "", to="boolean")), [1, 0], [True, False]
        ),
        Edit(
            "all else stays",
            op("each", "", do=op("cast", "", to="boolean")),
            ["yes", "True", 2, "1", None],
            ["yes", "True", 2, "1", None],
        ),
    ],
    "translate": [
        Edit("puts other words", op("translate", "/a", values={"x": "y"}), {"a": "x"}, {"a": "y"}),
        Edit(
            "values of any type",
            op("translate", "/a", values={"x": {"k": 1}}),
            {"a": "x"},
            {"a": {"k": 1}},
        ),
        Edit(
            "leaves unknown words", op("translate", "/a", values={"x": "y"}), {"a": "z"}, {"a": "z"}
        ),
        Edit("leaves numbers", op("translate", "/a", values={"1": "y"}), {"a": 1}, {"a": 1}),
        Edit(
            "swaps at once",
            op("each", "", do=op("translate", "", values={"a": "b", "b": "a"})),
            ["a", "b"],
            ["b", "a"],
        ),
        Edit("does nothing where nothing is", op("translate", "/a", values={"x": "y"}), {}, {}),
    ],
    "templates": [
        Edit("read the path, decoded", op("set", "/a", template="${path.id}"), {}, {"a": "r 1"}),
        Edit("read the query, decoded", op("set", "/a", template="${query.q}"), {}, {"a": "a b c"}),
        Edit("read the first of several", op("set", "/a", template="${query.tag}"), {}, {"a": "x"}),
        Edit("read an empty parameter", op("set", "/a", template="${query.none}"), {}, {"a": ""}),
        Edit(
            "read header fields in any case",
            op("set", "/a", template="${header.X-Tenant}"),
            {},
            {"a": "acme"},
        ),
        Edit(
            "join fields of one name",
            op("set", "/a", template="${header.x-list}"),
            {},
            {"a": "1, 2"},
        ),
        Edit("read the caller", op("set", "/a", template="${claim.sub}"), {}, {"a": "ada"}),
        Edit("and the scopes", op("set", "/a", template="${claim.scope}"), {}, {"a": "read write"}),
        Edit(
            "make texts of several",
            op("set", "/a", template="/${claim.sub}/${query.page}."),
            {},
            {"a": "/ada/2."},
        ),
        Edit(
            "keep the type of a value of the body",
            op("set", "/b", template="${body./a}"),
            {"a": [1]},
            {"a": [1], "b": [1]},
        ),
        Edit(
            "make text of it among text",
            op("set", "/b", template="no. ${body./a}"),
            {"a": 7},
            {"a": 7, "b": "no. 7"},
        ),
        Edit(
            "know the body as it came",
            op("remove", "/a") + op("set", "/b", template="${body./a}"),
            {"a": 1},
            {"b": 1},
        ),
        Edit(
            "and not as it became",
            op("append", "/a", value=2) + op("set", "/b", template="${body./a}"),
            {"a": [1]},
            {"a": [1, 2], "b": [1]},
        ),
        Edit(
            "can hold the whole body",
            op("set", "/a", template="${body.}"),
            {"x": 1},
            {"x": 1, "a": {"x": 1}},
        ),
        Edit(
            "read the whole body inside of each",
            op("each", "/a", do=op("set", "/t", template="${body./t}")),
            {"t": 1, "a": [{}]},
            {"t": 1, "a": [{"t": 1}]},
        ),
        Edit(
            "without a value do nothing",
            op("set", "/a", template="${query.unknown}"),
            {"a": 1},
            {"a": 1},
        ),
        Edit(
            "nor with one of two", op("set", "/a", template="${claim.sub}${query.unknown}"), {}, {}
        ),
        Edit(
            "nor with a null among text",
            op("set", "/b", template="x${body./a}"),
            {"a": None},
            {"a": None},
        ),
        Edit(
            "alone they pass null on",
            op("set", "/b", template="${body./a}"),
            {"a": None},
            {"a": None, "b": None},
        ),
        Edit(
            "nor with what is no UTF-8",
            op("set", "/a", template="${query.odd}") + op("set", "/b", template="${path.odd}"),
            {},
            {},
        ),
        Edit(
            "write the sign itself as $${",
            op("set", "/a", template="$${x} costs $5"),
            {},
            {"a": "${x} costs $5"},
        ),
        Edit(
            "work in append, add, replace and default",
            op("append", "/a", template="${claim.kind}")
            + op("add", "/b", template="${claim.exp}")
            + op("replace", "/b", template="${claim.sub}")
            + op("default", "/c", template="${query.page}"),
            {},
            {"a": ["token"], "b": "ada", "c": "2"},
        ),
    ],
}


class Exchange(NamedTuple):
    """A request, the service's answer to it, and parts of what has to come out.

    Expected `headers` map names to values, and to null where there is to be no such field.
    """

    says: str
    chain: list[dict[str, Any]]
    request: dict[str, Any]
    answer: dict[str, Any]
    expected: dict[str, Any]


def up(says: str, part: str, operations: Any, given: Any, expected: Any) -> Exchange:
    """On the way up: of the query or the header fields, with `REQUEST` around it."""
    request = {**REQUEST, part: given} if part == "query" else {**REQUEST, "headers": given}
    return Exchange(
        says, [{"request": {part: operations}}], request, {}, {"sent": {part: expected}}
    )


def target(says: str, path: str, expected: str | None, **request: Any) -> Exchange:
    """The path at the service; `None` where the request is refused."""
    return Exchange(
        says,
        [{"request": {"path": path}}],
        {**REQUEST, **request},
        {},
        {"problem": "malformed-request"} if expected is None else {"sent": {"path": expected}},
    )


def down(says: str, settings: Any, answer: Any, expected: Any, **request: Any) -> Exchange:
    """On the way down."""
    return Exchange(says, [settings], {"method": "GET", **request}, answer, {"received": expected})


def field(name: str, **members: Any) -> list[dict[str, Any]]:
    return [{"op": name, "name": "X-A", **members}]


def parameter(name: str, **members: Any) -> list[dict[str, Any]]:
    return [{"op": name, "name": "a", **members}]


A, B = ["x-a", "1"], ["x-b", "2"]
RENAME = {"json": op("rename", "/a", to="b")}
ONE = '{"a":1}'
STRONG = [
    ["etag", '"1"'],
    ["content-length", "7"],
    ["content-digest", "x"],
    ["accept-ranges", "bytes"],
]
UNTOUCHED = {"etag": '"1"', "content-length": "7", "accept-ranges": "bytes"}
CHANGED = {
    "etag": '"1~mark"',
    "content-length": None,
    "content-digest": None,
    "accept-ranges": None,
}

EXCHANGES: dict[str, list[Exchange]] = {
    "header fields": [
        up(
            "add puts a field where there is none",
            "headers",
            field("add", value="9"),
            [B],
            {"x-a": "9", "x-b": "2"},
        ),
        up(
            "add leaves a field that is there",
            "headers",
            field("add", value="9"),
            [A],
            {"x-a": "1"},
        ),
        up("set makes it the only one", "headers", field("set", value="9"), [A, A], {"x-a": "9"}),
        up(
            "replace wants one to be there",
            "headers",
            field("replace", value="9"),
            [B],
            {"x-a": None},
        ),
        up(
            "replace leaves one of several",
            "headers",
            field("replace", value="9"),
            [A, A],
            {"x-a": "9"},
        ),
        up(
            "append adds a further one", "headers", field("append", value="9"), [A], {"x-a": "1, 9"}
        ),
        up(
            "remove drops all of a name",
            "headers",
            field("remove"),
            [A, A, B],
            {"x-a": None, "x-b": "2"},
        ),
        up(
            "rename keeps all values",
            "headers",
            field("rename", to="X-C"),
            [A, A],
            {"x-a": None, "x-c": "1, 1"},
        ),
        up(
            "rename replaces what had the name",
            "headers",
            field("rename", to="X-B"),
            [A, B],
            {"x-b": "1"},
        ),
        up(
            "rename does nothing without the field",
            "headers",
            field("rename", to="X-B"),
            [B],
            {"x-b": "2"},
        ),
        up(
            "a template is filled in",
            "headers",
            field("set", template="${claim.sub}/${query.page}"),
            [],
            {"x-a": "ada/2"},
        ),
        up(
            "without a value nothing happens",
            "headers",
            field("set", template="${query.unknown}"),
            [A],
            {"x-a": "1"},
        ),
        up(
            "line ends cannot get in",
            "headers",
            field("set", template="${query.page}\r\nx: ${claim.sub}"),
            [],
            {"x-a": "2%0D%0Ax: ada"},
        ),
        up(
            "other scripts are encoded",
            "headers",
            field("set", template="${header.x-odd}"),
            [["x-odd", "ä\u0001"]],
            {"x-a": "%C3%A4%01"},
        ),
        up(
            "a template sees the field that is removed",
            "headers",
            [*field("remove"), {"op": "set", "name": "x-b", "template": "${header.x-a}"}],
            [A],
            {"x-a": None, "x-b": "1"},
        ),
        up(
            "credentials can be taken away",
            "headers",
            [{"op": "remove", "name": "Authorization"}],
            [["authorization", "x"]],
            {"authorization": None},
        ),
        up(
            "a value of the request's body",
            "headers",
            field("set", template="${body./a}"),
            [A],
            {"x-a": "1"},
        ),
        Exchange(
            "a value of the body, which stays byte for byte",
            [{"request": {"headers": field("set", template="${body./a}")}}],
            {"body": '{ "a" : 7 }', "headers": [["content-length", "11"]]},
            {},
            {"sent": {"headers": {"x-a": "7", "content-length": "11"}, "body": '{ "a" : 7 }'}},
        ),
        Exchange(
            "no value in a body that is no JSON",
            [{"request": {"headers": field("set", template="${body./a}")}}],
            {"body": "{"},
            {},
            {"sent": {"headers": {"x-a": None}, "body": "{"}},
        ),
        Exchange(
            "a value of the body that would be too long",
            [
                {
                    "request": {
                        "headers": field(
                            "set", template="${body./a}${body./a}${body./a}${body./a}${body./a}"
                        )
                    }
                }
            ],
            {"body": json.dumps({"a": "x" * 900})},
            {},
            {"sent": {"headers": {"x-a": None}}},
        ),
    ],
    "the query": [
        up(
            "add puts a parameter at the end",
            "query",
            parameter("add", value="x y&z"),
            "b=2",
            "b=2&a=x%20y%26z",
        ),
        up("add into an empty query", "query", parameter("add", value="1"), "", "a=1"),
        up("add leaves one that is there", "query", parameter("add", value="9"), "a=1", "a=1"),
        up(
            "set replaces in its place",
            "query",
            parameter("set", value="9"),
            "a=1&b=2&a=3",
            "a=9&b=2",
        ),
        up("set adds where there is none", "query", parameter("set", value="9"), "b", "b&a=9"),
        up("replace wants one to be there", "query", parameter("replace", value="9"), "b=2", "b=2"),
        up(
            "replace leaves one of several",
            "query",
            parameter("replace", value="9"),
            "a&a=3",
            "a=9",
        ),
        up(
            "append adds a further one",
            "query",
            parameter("append", value="9"),
            "a=1&b",
            "a=1&b&a=9",
        ),
        up("remove drops all of a name", "query", parameter("remove"), "a=1&b=2&a", "b=2"),
        up("a name is known in any encoding", "query", parameter("remove"), "%61=1&b=2", "b=2"),
        up("but not in another case", "query", parameter("remove"), "A=1", "A=1"),
        up(
            "rename keeps value and place",
            "query",
            parameter("rename", to="c d"),
            "b=2&a=%7e+x&a",
            "b=2&c%20d=%7e+x&c%20d",
        ),
        up(
            "rename replaces what had the name",
            "query",
            parameter("rename", to="b"),
            "b=2&a=1&b=3",
            "b=1",
        ),
        up(
            "all else stays byte for byte",
            "query",
            parameter("set", value="9"),
            "&x=%7E&&y=+%2b;z&a",
            "&x=%7E&&y=+%2b;z&a=9",
        ),
        up(
            "a template is encoded",
            "query",
            parameter("set", template="${query.x}/é"),
            "x=%26%3d",
            "x=%26%3d&a=%26%3D%2F%C3%A9",
        ),
        up(
            "a template sees the query as it came",
            "query",
            [*parameter("set", value="1"), {"op": "set", "name": "b", "template": "${query.a}"}],
            "a=0",
            "a=1&b=0",
        ),
        up(
            "without a value nothing happens",
            "query",
            parameter("set", template="${query.c}"),
            "a=1",
            "a=1",
        ),
    ],
    "the path": [
        target("parameters go on as they came", "/x/${path.id}", "/x/r%201"),
        target("other values are encoded", "/x/${query.q}", "/x/a%20b%20c"),
        target("within a segment", "/x/p-${query.page}-${claim.sub}", "/x/p-2-ada"),
        target("a value of the body", "/x/${body./a}", "/x/7", body='{"a":7}'),
        target("a value that is missing refuses the request", "/x/${query.unknown}", None),
        target("an empty one as well", "/x/${query.none}", None),
        target("a slash cannot get in", "/x/${query.a}", None, query="a=..%2Fy"),
        target("nor a backslash", "/x/${query.a}", None, query="a=%5C"),
        target("nor a control character", "/x/${query.a}", None, query="a=%00"),
        target("nor a dot segment", "/x/${query.a}", None, query="a=.."),
        target("nor one in two parts", "/x/.${query.a}", None, query="a=."),
        target("an encoded dot is text", "/x/${query.a}", "/x/%252e%252e", query="a=%252e%252e"),
        Exchange(
            "a caller's path needs a caller",
            [{"request": {"path": "/x/${claim.sub}"}}],
            {},
            {},
            {"problem": "malformed-request"},
        ),
    ],
    "status codes": [
        down(
            "a success becomes another",
            {"response": {"status": {"201": 200}}},
            {"status": 201},
            {"status": 200},
        ),
        down(
            "others stay", {"response": {"status": {"201": 200}}}, {"status": 202}, {"status": 202}
        ),
        down(
            "an error becomes another",
            {"errors": {"status": {"422": 400}}},
            {"status": 422, "body": "no"},
            {"status": 400, "body": "no"},
        ),
        down(
            "redirections are nobody's",
            {
                "errors": {"headers": field("set", value="1")},
                "response": {"headers": field("set", value="1")},
            },
            {"status": 302},
            {"status": 302, "headers": {"x-a": None}},
        ),
    ],
    "answers": [
        down("a success is edited", {"response": RENAME}, {"body": ONE}, {"body": '{"b":1}'}),
        down(
            "an error is not, by that",
            {"response": RENAME},
            {"status": 404, "body": ONE},
            {"body": ONE},
        ),
        down(
            "an error has operations of its own",
            {"errors": RENAME},
            {"status": 503, "body": ONE},
            {"body": '{"b":1}'},
        ),
        down("which leave successes alone", {"errors": RENAME}, {"body": ONE}, {"body": ONE}),
        down(
            "an error that is no JSON stays as it is",
            {"errors": RENAME},
            {"status": 500, "body": "{oh"},
            {"status": 500, "body": "{oh"},
        ),
        down(
            "what was said of the old bytes goes",
            {"response": RENAME},
            {"body": ONE, "headers": STRONG},
            {"headers": CHANGED},
        ),
        down(
            "a weak tag stays weak",
            {"response": RENAME},
            {"body": ONE, "headers": [["etag", 'W/"1"']]},
            {"headers": {"etag": 'W/"1~mark"'}},
        ),
        down(
            "what is no tag stays as it is",
            {"response": RENAME},
            {"body": ONE, "headers": [["etag", "1"]]},
            {"headers": {"etag": "1"}},
        ),
        down(
            "the tag of an answer that has not changed is that of what was made of it",
            {"response": RENAME},
            {"status": 304, "headers": [["etag", '"1"']]},
            {"status": 304, "headers": {"etag": '"1~mark"'}},
        ),
        down(
            "what was said stays with a body that stays",
            {"response": {"headers": field("set", value="9")}},
            {"body": ONE, "headers": STRONG},
            {"headers": {**UNTOUCHED, "x-a": "9"}},
        ),
        down(
            "other media types go through",
            {"response": RENAME},
            {"body": ONE, "headers": [["content-type", "text/json"], *STRONG]},
            {"body": ONE, "headers": UNTOUCHED},
        ),
        down(
            "+json is JSON",
            {"response": RENAME},
            {"body": ONE, "headers": [["content-type", "application/hal+json; charset=utf-8"]]},
            {"body": '{"b":1}'},
        ),
        down(
            "partial content goes through",
            {"response": RENAME},
            {"status": 206, "body": '{"a"', "headers": [["content-range", "bytes 0-3/7"]]},
            {"body": '{"a"', "headers": {"content-range": "bytes 0-3/7"}},
        ),
        down(
            "an empty answer stays empty",
            {"response": RENAME},
            {"status": 204, "headers": JSON},
            {"status": 204, "body": None},
        ),
        down(
            "304 has the tag that 200 has",
            {"response": RENAME},
            {"status": 304, "headers": STRONG},
            {"headers": CHANGED},
        ),
        down(
            "HEAD says nothing of bytes that GET would not send",
            {"response": RENAME},
            {"body": "", "headers": STRONG},
            {"headers": CHANGED},
            method="HEAD",
        ),
        down(
            "a value of the answer's body",
            {"response": {"headers": field("set", template="/things/${body./a}")}},
            {"body": ONE, "headers": STRONG},
            {"body": ONE, "headers": {**UNTOUCHED, "x-a": "/things/1"}},
        ),
        down(
            "a value of the request",
            {"response": {"json": op("set", "/p", template="${query.page}")}},
            {"body": "{}"},
            {"body": '{"p":"2"}'},
            **REQUEST,
        ),
        down(
            "numbers stay what they are",
            {"response": RENAME},
            {"body": '{"a":1.10,"x":[-0.0,12345678901234567890123]}'},
            {"body": '{"x":[-0.0,12345678901234567890123],"b":1.10}'},
        ),
        down(
            "a cast keeps every digit",
            {"response": {"json": op("cast", "/a", to="string")}},
            {"body": '{"a":1.10}'},
            {"body": '{"a":"1.10"}'},
        ),
        down(
            "the last of two members counts",
            {"response": RENAME},
            {"body": '{"a":1,"a":2}'},
            {"body": '{"b":2}'},
        ),
        down(
            "answers that depend on a field say so",
            {"response": {"headers": field("set", template="${header.x-tenant}")}},
            {"headers": [["vary", "accept"]]},
            {"headers": {"x-a": "acme", "vary": "accept, x-tenant"}},
            **REQUEST,
        ),
        down(
            "answers that depend on the caller as well",
            {"request": {"headers": field("set", template="${claim.sub}")}},
            {},
            {"headers": {"vary": "authorization"}},
            **REQUEST,
        ),
        Exchange(
            "an answer that is no JSON is the service's fault",
            [{"response": RENAME}],
            {},
            {"body": "<html>"},
            {"problem": "upstream-invalid"},
        ),
        Exchange(
            "and one that is too large",
            [{"response": RENAME}],
            {},
            {"body": json.dumps("x" * LIMIT)},
            {"problem": "upstream-invalid"},
        ),
    ],
    "requests": [
        Exchange(
            "JSON is edited",
            [{"request": RENAME}],
            {"body": ONE, "headers": [["content-length", "7"]]},
            {},
            {"sent": {"body": '{"b":1}', "headers": {"content-length": None}}},
        ),
        Exchange(
            "other media types go through",
            [{"request": RENAME}],
            {"body": ONE, "headers": [["content-type", "text/plain"]]},
            {},
            {"sent": {"body": ONE}},
        ),
        Exchange(
            "a request without a body stays without",
            [{"request": RENAME}],
            {"method": "GET"},
            {},
            {"sent": {"body": None}},
        ),
        Exchange(
            "a part of a transformed answer cannot be had",
            [{"response": RENAME}],
            {"method": "GET", "headers": [["range", "bytes=0-1"], ["if-range", '"1"']]},
            {},
            {"sent": {"headers": {"range": None, "if-range": None}}},
        ),
        Exchange(
            "a part of any other can",
            [{"request": RENAME}],
            {"method": "GET", "headers": [["range", "bytes=0-1"]]},
            {},
            {"sent": {"headers": {"range": "bytes=0-1"}}},
        ),
        Exchange(
            "the tag of what was made of an answer is the service's again",
            [{"response": RENAME}],
            {"headers": [["if-none-match", 'W/"1~mark", "a,b~mark"']]},
            {},
            {"sent": {"headers": {"if-none-match": 'W/"1", "a,b"'}}},
        ),
        Exchange(
            "tags of other representations do not match",
            [{"response": RENAME}],
            {"headers": [["if-none-match", '"1", "2~gw-00000000", "3~mark"']]},
            {},
            {"sent": {"headers": {"if-none-match": '"3"'}}},
        ),
        Exchange(
            "where none is left nothing is compared",
            [{"response": RENAME}],
            {"headers": [["if-none-match", 'W/"1"']]},
            {},
            {"sent": {"headers": {"if-none-match": None}}},
        ),
        Exchange(
            "any tag is any tag",
            [{"response": RENAME}],
            {"method": "PUT", "headers": [["if-none-match", "*"]]},
            {},
            {"sent": {"headers": {"if-none-match": "*"}}},
        ),
        Exchange(
            "tags of answers that nobody edits are left alone",
            [{"request": RENAME}],
            {"headers": [["if-none-match", '"1"']]},
            {},
            {"sent": {"headers": {"if-none-match": '"1"'}}},
        ),
        Exchange(
            "broken JSON is refused",
            [{"request": RENAME}],
            {"body": "{"},
            {},
            {"problem": "invalid-json"},
        ),
        Exchange(
            "an empty body is no JSON",
            [{"request": RENAME}],
            {"body": ""},
            {},
            {"problem": "invalid-json"},
        ),
        Exchange(
            "half a surrogate pair is refused",
            [{"request": RENAME}],
            {"body": '{"a":"\\ud800"}'},
            {},
            {"problem": "invalid-json"},
        ),
        Exchange(
            "an exponent that nothing can hold is refused",
            [{"request": RENAME}],
            {"body": '{"a":1e99999999999999999999}'},
            {},
            {"problem": "invalid-json"},
        ),
        Exchange(
            "a large exponent is passed on",
            [{"request": {"json": op("cast", "/a", to="integer")}}],
            {"body": '{"a":1e999999}'},
            {},
            {"sent": {"body": '{"a":1E+999999}'}},
        ),
        Exchange(
            "depth has a limit",
            [{"request": RENAME}],
            {"body": "[" * 200 + "]" * 200},
            {},
            {"problem": "invalid-json"},
        ),
        Exchange(
            "size has a limit",
            [{"request": RENAME}],
            {"body": json.dumps("x" * LIMIT)},
            {},
            {"problem": "content-too-large"},
        ),
        Exchange(
            "a body that nothing looks into has none",
            [{"request": {"headers": field("set", value="1")}}],
            {"body": json.dumps("x" * LIMIT)},
            {},
            {"sent": {"headers": {"x-a": "1"}}},
        ),
        Exchange(
            "a coded body is refused, not misread",
            [{"request": RENAME}],
            {"body": "zip", "headers": [["content-encoding", "gzip"]]},
            {},
            {"problem": "unsupported-media-type"},
        ),
    ],
    "chains": [
        Exchange(
            "requests go through in order, answers in reverse",
            [
                {
                    "request": {"json": op("rename", "/a", to="b")},
                    "response": {"json": op("rename", "/b", to="a")},
                },
                {
                    "request": {"json": op("rename", "/b", to="c")},
                    "response": {"json": op("rename", "/c", to="b")},
                },
            ],
            {"body": ONE},
            {"body": '{"c":2}'},
            {"sent": {"body": '{"c":1}'}, "received": {"body": '{"a":2}'}},
        ),
        Exchange(
            "each template sees the body as its member got it",
            [{"request": RENAME}, {"request": {"json": op("set", "/c", template="${body./b}")}}],
            {"body": ONE},
            {},
            {"sent": {"body": '{"b":1,"c":1}'}},
        ),
        Exchange(
            "and the query",
            [
                {"request": {"query": parameter("rename", to="b")}},
                {"request": {"headers": field("set", template="${query.b}")}},
            ],
            {"query": "a=1"},
            {},
            {"sent": {"headers": {"x-a": "1"}}},
        ),
        Exchange(
            "also when it reads it on the way down",
            [
                {
                    "request": {"query": parameter("rename", to="b")},
                    "response": {"headers": field("set", template="${query.a}")},
                }
            ],
            {"query": "a=1"},
            {},
            {"received": {"headers": {"x-a": "1"}}},
        ),
        Exchange(
            "status codes are carried over one after the other",
            [{"response": {"status": {"202": 203}}}, {"response": {"status": {"201": 202}}}],
            {},
            {"status": 201},
            {"received": {"status": 203}},
        ),
        Exchange(
            "the path nearest to the service counts",
            [{"request": {"path": "/a"}}, {"request": {"path": "/b"}}],
            {},
            {},
            {"sent": {"path": "/b"}},
        ),
        Exchange(
            "an empty chain changes nothing",
            [],
            {"body": ONE, "headers": [["range", "bytes=0-1"]]},
            {"body": ONE, "headers": STRONG},
            {
                "sent": {"body": ONE, "headers": {"range": "bytes=0-1"}, "path": None},
                "received": {"body": ONE, "headers": UNTOUCHED},
            },
        ),
    ],
}


def text(document: Any) -> str:
    """A document as the gateway writes it."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False)


def arguments(case: Edit | Exchange) -> list[list[Any]]:
    """What `carrying.carry` is to be called with: an edit goes both ways."""
    if isinstance(case, Exchange):
        return [[case.chain, case.request, case.answer, LIMIT]]
    before = text(case.before)
    going_up = [{"request": {"json": case.operations}}]
    going_down = [{"response": {"json": case.operations}}]
    return [
        [going_up, {**REQUEST, "body": before}, {}, LIMIT],
        [going_down, REQUEST, {"body": before}, LIMIT],
    ]


def mistakes(case: Edit | Exchange, results: list[Any]) -> list[str]:
    """What is not as the case says, in what came of its `arguments`."""
    if isinstance(case, Edit):
        after = text(case.after)
        (sent, received) = (results[0]["sent"]["body"], results[1]["received"]["body"])
        return [f"expected {after}, found {body}" for body in (sent, received) if body != after]
    if "problem" in case.expected or "problem" in results[0]:
        same = case.expected == results[0]
        return [] if same else [f"expected {case.expected}, found {results[0]}"]
    return [
        f"{way} {part}: expected {value!r}, found {found!r}"
        for way, parts in case.expected.items()
        for part, wanted in parts.items()
        for value, found in _compared(wanted, results[0][way][part])
        if value != found
    ]


def _compared(expected: Any, found: Any) -> list[tuple[Any, Any]]:
    if not isinstance(expected, dict):
        return [(expected, found)]
    return [
        (value, ", ".join(given for field, given in found if field == name) or None)
        for name, value in expected.items()
    ]


_TOPICS: dict[str, Sequence[Edit | Exchange]] = {**EDITS, **EXCHANGES}
ALL: list[tuple[str, Edit | Exchange]] = [
    (f"{topic}: {case.says}", case) for topic, cases in _TOPICS.items() for case in cases
]
