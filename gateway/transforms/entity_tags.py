"""Entity tags of bodies that a transform has edited: told apart from the service's, and back.

A tag names one representation at one address (RFC 9110, section 8.8.3). What a transform makes of
an answer is another one: two versions at one path must not share a tag, or a cache that holds the
one is told that the other has not changed; and a table that edits differently makes another one
again. So the tag gets a mark with the version and a digest of the edits behind it, and keeps its
strength: the same edits make the same bytes of the same bytes. On the way up it comes off again.
"""

import hashlib
import re
from collections.abc import Sequence
from typing import Final

import msgspec

from messages import Headers
from transforms.settings import TransformSettings

_TAG: Final = re.compile(r'(?:W/)?"[^"]*"')
_MARK: Final = "~gw-"


def mark_of(chain: Sequence[TransformSettings], version: str | None = None) -> str:
    """What tags get behind them where answers of `version` went through `chain`."""
    digest = hashlib.sha256(msgspec.json.encode(chain)).hexdigest()
    return f"{_of_version(version)}{digest[:8]}"


def _of_version(version: str | None) -> str:
    return _MARK if version is None else f"{_MARK}{version}-"


def mark_tag(headers: Headers, mark: str) -> None:
    """Put `mark` behind the tag of an answer whose body was edited."""
    tag = headers.get("etag")
    if tag is not None and _TAG.fullmatch(tag):
        headers.set("etag", f'{tag[:-1]}{mark}"')


def unmark_if_match(headers: Headers, version: str | None) -> None:
    """Take off If-Match what any route of `version` has marked: what the service compares is the
    state of the resource, of which they all show the same side.

    Tags of other versions stay as they are, and no service knows them: who has seen only what those
    show of a resource is not to write over the rest.
    """
    field = headers.get("if-match")
    if field is not None and _MARK in field:
        own = re.compile(rf'(?:{_of_version(version)}[0-9a-f]{{8}})+(?=")')
        headers.set("if-match", own.sub("", field))


def unmark_if_none_match(headers: Headers, mark: str) -> None:
    """Leave in If-None-Match only tags with `mark`, without it.

    Others name representations that this route does not give, so none of them may match.
    """
    field = headers.get("if-none-match")
    if field is None or field.strip() == "*":
        return
    ending = f'{mark}"'
    own = [tag for tag in _TAG.findall(field) if tag.endswith(ending)]
    if own:
        headers.set("if-none-match", ", ".join(f'{tag.removesuffix(ending)}"' for tag in own))
    else:
        headers.remove("if-none-match")
