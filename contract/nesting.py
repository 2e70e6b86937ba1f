"""How deeply a JSON text is nested, found out before anything recurses into it.

In WebAssembly a decoder that recurses too deeply does not raise `RecursionError`: it overflows the
stack and takes the whole process with it. A few thousand brackets are enough, so a text from
outside is measured first, by operations on bytes that run at the speed of C, in linear time.
"""

import re
from typing import Final

MAX_DEPTH: Final = 128
"""Levels. People nest a dozen; the stack overflows at some thousands."""

# A string, closed or running to the end of the text; possessive, so that nothing is tried twice.
_STRING: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)
# Arrays and objects nest alike; were they told apart, a round would take two levels away.
_ONE_KIND: Final = bytes.maketrans(b"{}", b"[]")
_NO_BRACKETS: Final = bytes(code for code in range(256) if code not in b"[]{}")


def is_too_deep(text: bytes, limit: int = MAX_DEPTH) -> bool:
    """Whether arrays and objects in `text` are nested more than `limit` levels deep.

    A text that is not JSON may be called too deep as well, never the other way round.
    """
    if text.count(b"[") + text.count(b"{") <= limit:
        return False
    brackets = _STRING.sub(b"", text).translate(_ONE_KIND, _NO_BRACKETS)
    for _ in range(limit):
        if not brackets:
            return False
        # Each round takes the innermost level away.
        peeled = brackets.replace(b"[]", b"")
        if len(peeled) == len(brackets):
            break  # unbalanced: what is left opens or closes nothing
        brackets = peeled
    return bool(brackets)
