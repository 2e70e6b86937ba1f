"""No secret is in a tracked file: no key, no token, and no password that is more than a test's.

What is found by its form has to stand in `KNOWN`, with the reason why it is none. `SAMPLES` shows
that each form is found; they are put together here, so that this file has none of them.
"""

import math
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Final, NamedTuple

import pytest

from runtime.toolchain import ROOT

FORMS: Final = {
    "a private key in PEM": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----\s*[A-Za-z0-9+/]{16}"),
    "a private JWK": re.compile(r"""["'](?:d|k|p|q|dp|dq|qi)["']\s*:\s*["'][\w-]{22,}["']"""),
    "a JWT": re.compile(r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{20,}"),
    "a credential of ours": re.compile(r"\bg[a-z]_[a-z2-7]{16}_[\w-]{43}\b"),
    "a token of AWS": re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    "a token of GitHub": re.compile(r"\b(?:gh[opsur]_\w{36}|github_pat_\w{40,})"),
    "a token of GitLab": re.compile(r"\bglpat-[\w-]{20}"),
    "a token of Slack": re.compile(r"\bxox[abeoprs]-[\w-]{10,}"),
    "a token of Stripe": re.compile(r"\b[rs]k_live_\w{20,}"),
    "a token of Google": re.compile(r"\bAIza[\w-]{35}"),
    "a token of npm": re.compile(r"\bnpm_[A-Za-z0-9]{36}"),
    "a token of PyPI": re.compile(r"\bpypi-AgE[\w-]{40,}"),
    "a token of a language model": re.compile(r"\bsk-[a-z]{3,}-[\w-]{20,}"),
    "a password in a URL": re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s/:@\"'<>{}]+:[^\s/@\"'<>{}]+@"),
}

ASSIGNED: Final = re.compile(
    r"""(?ix)[\w-]*(?:secret|password|passwd|token|api[_-]?key|credential|private)[\w-]*
    ["']?\s*(?::\s*[\w\[\], .]*)?[=:]\s*["']([\w+/=.~-]{12,})["']"""
)
"""A text behind a name that speaks of a secret; of letters that secrets are made of, not code."""

RANDOM: Final = 3.7
"""Bits of entropy per character from which such a text counts; words of people have less."""

COUNTED: Final = "0123456789"
"""What people write who need any text at all."""

KNOWN: Final = {
    "eyJhbGciOiJIUzI1NiJ9.e30.AAAA": "no claims, and zero bytes as a signature",
    "https://user:pass@": "what a table is not to have",
}
"""By what is found: why it is no secret."""

LOCKS: Final = {"package-lock.json", "requirements/dev.txt", "requirements/worker.txt"}
"""Full of hashes, and written by tools."""


class Found(NamedTuple):
    file: str
    form: str
    text: str


def entropy(text: str) -> float:
    """Bits per character (Shannon), by how often each one is there."""
    counts = Counter(text).values()
    return -sum(count / len(text) * math.log2(count / len(text)) for count in counts)


def secrets_in(file: str, content: str) -> Iterator[Found]:
    for form, expression in FORMS.items():
        for match in expression.finditer(content):
            yield Found(file, form, match[0])
    for match in ASSIGNED.finditer(content):
        if entropy(match[1]) >= RANDOM and COUNTED not in match[1]:
            yield Found(file, "a random text with such a name", match[1])


@cache
def tracked() -> tuple[str, ...]:
    """Every file that git has, with `/`."""
    run = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    return tuple(name for name in run.stdout.decode().split("\0") if name)


def test_no_tracked_file_has_a_secret() -> None:
    assert len(tracked()) > 300
    found = [
        one
        for name in tracked()
        if name not in LOCKS and (ROOT / name).is_file()
        for one in secrets_in(name, (ROOT / name).read_text(encoding="utf-8", errors="replace"))
    ]
    assert [one for one in found if one.text not in KNOWN] == []
    assert KNOWN.keys() - {one.text for one in found} == set(), "no longer there"


def test_files_for_secrets_are_not_tracked() -> None:
    kept = re.compile(r"(^|/)(\.dev\.vars|\.env(\..*)?|.*\.(pem|key|p12|pfx)|id_(rsa|ed25519))$")
    assert [name for name in tracked() if kept.search(name)] == []
    # What the runbook of a rotation writes (docs/operations.md) cannot be added by mistake.
    for name in ("services/auth/.dev.vars", ".env", "signing-keys.json", "promoted.json"):
        run = subprocess.run(["git", "check-ignore", "-q", name], cwd=ROOT, check=False)
        assert run.returncode == 0, name


LETTERS = "aB3dE5gH7jK9mN1pQ2sT4vW6yZ8bC0eF_hJ-lM"
SAMPLES = {
    "a private key in PEM": "-----BEGIN EC PRIVATE" + " KEY-----\nMHcCAQEEIAbcdefgh",
    "a private JWK": '"d"' + f': "{LETTERS}"',
    "a JWT": f"ey{'J'}{LETTERS}.ey{'J'}{LETTERS}.{LETTERS}",
    "a credential of ours": f"gk_{'a' * 16}_{LETTERS}aaaaa",
    "a token of AWS": "AKI" + "A" + "B2" * 8,
    "a token of GitHub": "gh" + "p_" + "a1" * 18,
    "a token of GitLab": "glp" + "at-" + "a1" * 10,
    "a token of Slack": "xox" + "b-" + "1" * 12,
    "a token of Stripe": "sk_" + "live_" + "a1" * 12,
    "a token of Google": "AI" + "za" + LETTERS[:35],
    "a token of npm": "npm" + "_" + "a1" * 18,
    "a token of PyPI": "pypi" + "-AgE" + LETTERS + "aaaa",
    "a token of a language model": "sk" + "-abc-" + LETTERS,
    "a password in a URL": "https://" + "deploy:letmein" + "@db.example",
    "a random text with such a name": "client_secret = " + f'"{LETTERS}"',
}


@pytest.mark.parametrize("form", [*FORMS, "a random text with such a name"])
def test_each_form_is_found(form: str) -> None:
    assert form in {one.form for one in secrets_in("x", f"\n{SAMPLES[form]}\n")}
