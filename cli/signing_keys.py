"""`gateway signing-keys`: makes and changes the JWK sets SIGNING_KEYS and IDENTITY_KEYS.

It reads a set from standard input and prints one to standard output, in three steps of a rotation:
a new key is announced, then it signs, then the old one goes; or the public part, for those who
verify. Nothing is stored here.
"""

import argparse
import datetime
import json
import secrets
import sys
from collections.abc import Callable
from typing import Any, Final

from contract.jose.algorithms import ASYMMETRIC
from contract.jose.jwk import UnusableKey, parse_own_set, published
from runtime.host_signatures import generate

Keys = list[dict[str, Any]]


def register(subparsers: Any) -> None:
    """Add the subcommand to the parser of `gateway`."""
    parser = subparsers.add_parser(
        "signing-keys",
        help="make and rotate the keys that sign tokens",
        description="Prints a JWK set for `wrangler secret put SIGNING_KEYS`, or IDENTITY_KEYS. But"
        " for `create`, the set in use is read from standard input. A rotation is announce,"
        " promote, retire; deploy after each, and wait in between as docs/operations.md says."
        " `public` prints the public part of the set: IDENTITY_JWKS.",
    )
    parser.add_argument("step", choices=("create", *_STEPS))
    parser.add_argument(
        "--algorithm", choices=ASYMMETRIC, default="ES256", help="default: %(default)s"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the set that follows."""
    try:
        keys: Keys = []
        if arguments.step != "create":
            text = sys.stdin.read()
            parse_own_set(text)
            keys = json.loads(text)["keys"]
        new = generate(arguments.algorithm, id=_name())
        following = [new] if arguments.step == "create" else _STEPS[arguments.step](keys, new)
        result = json.dumps({"keys": following}, separators=(",", ":"))
        parse_own_set(result)
    except UnusableKey as error:
        print(f"gateway signing-keys: {error}", file=sys.stderr)
        return 1
    except UnicodeError:  # whose words would repeat a part of the set
        print("gateway signing-keys: it is not a JWK set", file=sys.stderr)
        return 1
    print(result)
    return 0


def _announce(keys: Keys, new: dict[str, Any]) -> Keys:
    """The new key is published and verifies, but does not sign yet."""
    return [*keys, new]


def _promote(keys: Keys, _new: dict[str, Any]) -> Keys:
    """The last key signs; the others go on verifying what they have signed."""
    return [keys[-1], *keys[:-1]]


def _retire(keys: Keys, _new: dict[str, Any]) -> Keys:
    """Only the key that signs is left."""
    return keys[:1]


def _public(keys: Keys, _new: dict[str, Any]) -> Keys:
    """What others may know of all keys."""
    public: Keys = published(parse_own_set(json.dumps({"keys": keys})))["keys"]
    return public


_STEPS: Final[dict[str, Callable[[Keys, dict[str, Any]], Keys]]] = {
    "announce": _announce,
    "promote": _promote,
    "retire": _retire,
    "public": _public,
}


def _name() -> str:
    """The day, for people, and a few random letters, so that no two are the same."""
    return f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}-{secrets.token_hex(3)}"
