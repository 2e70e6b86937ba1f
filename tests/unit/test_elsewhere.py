"""Members at the wrong place of a table: whoever writes one is told who has it."""

from pathlib import Path

import pytest

from cli.compile_table import TableErrors, load_source

TABLE = """\
versions: {{ default: v1, supported: {{ v1: {{}} }} }}
services: {{ data: {{ binding: DATA{service} }} }}
routes:
  - {{ name: all, path: /all, methods: [GET], service: data, access: public{route} }}
"""


@pytest.mark.parametrize(
    ("service", "route", "ending"),
    [
        ("", ", circuit_breaker: {}", "); a service, in `services`, has it"),
        ("", ", breaker: {}", "); a service, in `services`, has `circuit_breaker`"),
        (", retries: {}", "", "); a route, in `routes`, has it"),
        (", retry: {}", "", "); a route, in `routes`, has `retries`"),
        ("", ", retry: {}", "; did you mean `retries`?"),
        ("", ", zzz: {}", ", max_body)"),
    ],
)
def test_who_has_it(tmp_path: Path, service: str, route: str, ending: str) -> None:
    file = tmp_path / "routes.yaml"
    file.write_text(TABLE.format(service=service, route=route), encoding="utf-8")
    with pytest.raises(TableErrors) as wrong:
        load_source(file, None)
    (error,) = wrong.value.errors
    assert error.message.endswith(ending)
