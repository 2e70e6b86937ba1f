"""Whatever bytes a file holds: it is read or refused, with libyaml and without it alike."""

import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cli import yaml_source
from cli.compile_table import Located, TableErrors, check_source
from cli.yaml_source import Node, SourceErrors, parse_yaml

ROUTES = (Path(__file__).resolve().parents[2] / "routes.yaml").read_bytes()
BUDGET = 1.0
"""Seconds; small inputs take a hundredth of it."""

FRAGMENTS = [
    b"&a ", b"*a", b"&a [*a]", b"- ", b": ", b"? ", b"[", b"]", b"{", b"}", b"'", b'"', b"|\n",
    b">\n", b"!!int ", b"!x ", b"#", b"%YAML 1.2\n", b"---\n", b"...\n", b"\t", b"\r\n", b"\x00",
    b"\xff", b"\xc3", b"\xe2\x80\xa8", b"<<: *a\n", b"null", b"1e9", b"9" * 60, b"\n  ",
    b"include: [routes.yaml]\n", b"include: [/dev/zero]\n", b"use: [a]\n",
    b"defaults: { access: public }\n", b"policies: { a: { use: [a] } }\n",
    b"environments: { dev: { routes: { get-plan: null } } }\n",
]  # fmt: skip


@st.composite
def mutated_tables(draw: st.DrawFn) -> bytes:
    """routes.yaml with some bytes gone, doubled or replaced."""
    data = ROUTES
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 30)))
        new = draw(
            st.sampled_from(FRAGMENTS) | st.binary(max_size=4) | st.just(data[start:end] * 2)
        )
        data = data[:start] + new + data[end:]
    return data


def checked(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    began = time.process_time()
    try:
        check_source(path)
        errors: tuple[Located, ...] = ()
    except TableErrors as refused:
        errors = refused.errors
    assert time.process_time() - began < BUDGET
    assert all(error.line >= 1 and error.column >= 1 for error in errors)
    assert all(0 < len(error.message) < 1500 for error in errors)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=300) | st.lists(st.sampled_from(FRAGMENTS), max_size=40).map(b"".join))
def test_random_bytes_are_refused(tmp_path: Path, data: bytes) -> None:
    checked(tmp_path / "routes.yaml", data)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150
)
@given(mutated_tables())
def test_mutated_tables_are_read_or_refused(tmp_path: Path, data: bytes) -> None:
    checked(tmp_path / "routes.yaml", data)


def outcome(data: bytes) -> Any:
    """The tree with all its places, or nothing where the file is refused."""
    try:
        return described(parse_yaml(data))
    except SourceErrors:
        return None


def described(node: Node) -> Any:
    content = node.content
    if isinstance(content, dict):
        content = {
            name: (tuple(node.keys[name].position), described(child))
            for name, child in content.items()
        }
    elif isinstance(content, list):
        content = [described(child) for child in content]
    return (*node.position, content)


SLOW = yaml.SafeLoader
TEXTS = st.text(st.sampled_from("ab:-{}[],&*!|>'\"%#?\n \\~0é"), max_size=40)


@pytest.mark.skipif(not hasattr(yaml, "CSafeLoader"), reason="PyYAML was built without libyaml")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(TEXTS.map(lambda text: f"{text}\n".encode()) | st.integers(0, ROUTES.count(b"\n")).map(
    lambda line: b"\n".join(ROUTES.split(b"\n")[line : line + 12])))  # fmt: skip
def test_libyaml_and_python_give_the_same_tree_and_places(
    monkeypatch: pytest.MonkeyPatch, data: bytes
) -> None:
    fast = outcome(data)
    with monkeypatch.context() as patch:
        patch.setattr(yaml_source, "_Loader", SLOW)
        slow = outcome(data)
    # libyaml lets some things pass that the specification forbids, such as `|#`.
    if fast is not None and slow is not None:
        assert fast == slow


@pytest.mark.parametrize("loader", [yaml.SafeLoader, getattr(yaml, "CSafeLoader", yaml.SafeLoader)])
def test_our_table_is_the_same_with_either_parser(
    monkeypatch: pytest.MonkeyPatch, loader: Any
) -> None:
    expected = outcome(ROUTES)
    monkeypatch.setattr(yaml_source, "_Loader", loader)
    assert outcome(ROUTES) == expected
