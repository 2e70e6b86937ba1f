"""Content codings: what services are asked for in place of what clients say, and who may have what.

Of a request None is one without the field.
"""

from typing import Any, Final

CASES: Final[list[tuple[Any, ...]]] = [
    # section, what is asked, Accept-Encoding (and Content-Encoding), what comes of it
    ("9110 12.5.3", "asks", "gzip, deflate, br, zstd", "br, gzip"),
    ("9110 12.5.3", "asks", "gzip, deflate, br", "br, gzip"),
    ("9110 12.5.3", "asks", "BR , GZip", "br, gzip"),
    ("9110 12.5.3", "asks", "gzip, deflate", "gzip"),
    ("9110 12.5.3", "asks", "gzip", "gzip"),
    ("9110 12.5.3", "asks", "br", "br"),
    ("9110 12.5.3", "asks", "deflate, zstd", "identity"),
    ("9110 12.5.3", "asks", "identity", "identity"),
    # Nobody who can read a coding fails to say so; an empty field says that none is wanted.
    ("9110 12.5.3", "asks", None, "identity"),
    ("9110 12.5.3", "asks", "", "identity"),
    ("9110 12.5.3", "asks", " , ,", "identity"),
    # The examples of the section.
    ("9110 12.5.3", "asks", "compress, gzip", "gzip"),
    ("9110 12.5.3", "asks", "*", "br, gzip"),
    ("9110 12.5.3", "asks", "compress;q=0.5, gzip;q=1.0", "gzip"),
    ("9110 12.5.3", "asks", "gzip;q=1.0, identity; q=0.5, *;q=0", "gzip"),
    # Weights.
    ("9110 12.4.2", "asks", "gzip;q=0", "identity"),
    ("9110 12.4.2", "asks", "gzip;q=0.000, br;q=0.001", "br"),
    ("9110 12.4.2", "asks", "gzip ; Q=0.5 , br", "br, gzip"),
    ("9110 12.4.2", "asks", "gzip;q=1, br;q=0.9", "gzip"),
    ("9110 12.4.2", "asks", "gzip;q=0.5, br;q=0.5", "br, gzip"),
    ("9110 12.4.2", "asks", "gzip;q=0.5, identity", "identity"),
    ("9110 12.4.2", "asks", "gzip;q=0.5, identity;q=0.5", "gzip"),
    ("9110 12.5.3", "asks", "*;q=0.5, gzip;q=0", "br"),
    ("9110 12.5.3", "asks", "*;q=0.5, br;q=0.1", "gzip"),
    ("9110 12.5.3", "asks", "*;q=0.1, identity", "identity"),
    # Without a coding it will not do.
    ("9110 12.5.3", "asks", "gzip, identity;q=0", "gzip, identity;q=0"),
    ("9110 12.5.3", "asks", "gzip, br, *;q=0", "br, gzip, identity;q=0"),
    ("9110 12.5.3", "asks", "gzip, *;q=0, identity;q=0.1", "gzip"),
    ("9110 12.5.3", "asks", "*;q=0", "identity;q=0"),
    ("9110 12.5.3", "asks", "identity;q=0", "identity;q=0"),
    # Another name for the same.
    ("9110 8.4.1.3", "asks", "x-gzip", "gzip"),
    ("9110 8.4.1.3", "asks", "x-gzip;q=0, gzip", "identity"),
    # Badly written: the cautious reading.
    ("9110 12.4.2", "asks", "gzip;q=2", "identity"),
    ("9110 12.4.2", "asks", "gzip;q=0.1234, br", "br"),
    ("9110 12.4.2", "asks", "gzip;q=", "identity"),
    ("9110 12.4.2", "asks", "gzip;level=9", "identity"),
    ("9110 12.4.2", "asks", "gzip, gzip;q=0", "identity"),
    ("9110 12.5.3", "asks", ";q=1, gzip", "gzip"),
    # Our own wordings say what they said.
    ("9110 12.5.3", "asks", "br, gzip", "br, gzip"),
    ("9110 12.5.3", "asks", "br, gzip, identity;q=0", "br, gzip, identity;q=0"),
    ("9110 12.5.3", "asks", "br, identity;q=0", "br, identity;q=0"),
    # What a request may be answered with.
    ("9110 12.5.3", "takes", "gzip, br", "gzip", True),
    ("9110 12.5.3", "takes", "gzip, br", "GZIP", True),
    ("9110 12.5.3", "takes", "gzip, br", "br", True),
    ("9110 12.5.3", "takes", "gzip", "br", False),
    ("9110 12.5.3", "takes", "br", "gzip", False),
    ("9110 12.5.3", "takes", None, "gzip", False),
    ("9110 12.5.3", "takes", "identity", "gzip", False),
    ("9110 12.5.3", "takes", "gzip;q=0.5, identity", "gzip", False),
    ("9110 8.4.1.3", "takes", "gzip", "x-gzip", True),
    ("9110 8.4", "takes", "gzip, br", "gzip, br", True),
    ("9110 8.4", "takes", "gzip", "gzip, br", False),
    # It was not asked for, though the client knows it: whoever shares the variant may not.
    ("9110 12.5.3", "takes", "gzip, zstd", "zstd", False),
    ("9110 12.5.3", "takes", None, "", True),
    ("9110 12.5.3", "takes", "gzip", "", True),
    ("9110 12.5.3", "takes", "gzip;q=0", "", True),
    ("9110 12.5.3", "takes", "gzip", "identity", True),
    ("9110 12.5.3", "takes", "gzip, identity;q=0", "", False),
    ("9110 12.5.3", "takes", "gzip, *;q=0", "", False),
    ("9110 12.5.3", "takes", "*;q=0, identity", "", True),
]
