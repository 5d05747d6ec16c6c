"""The process that turns one Office file, EPUB or web page into Markdown, so that a hostile one can exhaust only it.

``office.py`` runs this file by its path. The file is the standard input, and what is wanted the first argument, as
JSON. Each answer is a line of JSON, followed by as many bytes as it says: the text, and then the pictures inside.
Nothing of the package is imported here.
"""

from __future__ import annotations

import io
import json
import sys
import zipfile
from collections.abc import Iterator
from typing import Any

try:
    import resource
except ImportError:  # Windows; there, the waiting process bounds the time alone
    resource = None

_PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff")
_READ = {"docx": "word/media/", "pptx": "ppt/media/", "xlsx": "xl/media/", "epub": ""}


class _PastLimit(Exception):
    """The file is past a limit; the arguments are what there is too much of, and the limit's name."""


def main() -> None:
    """Answer with the text and the pictures, or say why not."""
    wanted: dict[str, Any] = json.loads(sys.argv[1])
    try:
        _bound(wanted)
        for answer, content in _answers(wanted):
            _write(answer | {"bytes": len(content)})
            sys.stdout.buffer.write(content)
    except MemoryError:
        _write({"error": "memory"})
    except _PastLimit as error:
        _write({"error": "limit", "detail": error.args[0], "setting": error.args[1]})
    except Exception as error:  # noqa: BLE001 - each of the libraries has errors of its own for what is damaged
        no_memory = "MemoryError" in str(error)  # so MarkItDown reports that of the library that it called
        _write({"error": "memory" if no_memory else "damaged", "detail": str(error) or repr(error)})
    sys.stdout.buffer.flush()


def _bound(wanted: dict[str, Any]) -> None:
    if resource:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        # Of what is written to, not of addresses: the libraries reserve gigabytes of those.
        for kind, most in (
            (resource.RLIMIT_DATA, wanted["page_bytes"]),
            (resource.RLIMIT_CPU, wanted["office_seconds"]),
        ):
            hard = resource.getrlimit(kind)[1]
            resource.setrlimit(kind, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def _write(answer: dict[str, Any]) -> None:
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")


def _answers(wanted: dict[str, Any]) -> Iterator[tuple[dict[str, Any], bytes]]:
    content = sys.stdin.buffer.read()
    archive = None if wanted["format"] == "html" else _archive(io.BytesIO(content), wanted)
    import markitdown

    names = _pictures(archive, wanted) if archive and wanted["pictures"] else []
    kind = markitdown.StreamInfo(extension=f".{wanted['format']}")
    converted = markitdown.MarkItDown(enable_plugins=False).convert_stream(io.BytesIO(content), stream_info=kind)
    yield {"pictures": len(names)}, converted.markdown.encode("utf-8", "replace")
    if archive:
        yield from (({"name": name}, archive.read(name)) for name in names)


def _archive(content: io.BytesIO, wanted: dict[str, Any]) -> zipfile.ZipFile:
    """The archive, when it does not unpack to more than is allowed; what it says of its members is kept to."""
    archive = zipfile.ZipFile(content)
    if sum(member.file_size for member in archive.infolist()) > wanted["office_bytes"]:
        raise _PastLimit("bytes when it is unpacked", "office_bytes")
    return archive


def _pictures(archive: zipfile.ZipFile, wanted: dict[str, Any]) -> list[str]:
    folder = _READ[wanted["format"]]
    names = [name for name in archive.namelist() if name.startswith(folder) and name.lower().endswith(_PICTURES)]
    return names[: wanted["office_pictures"]]


if __name__ == "__main__":
    main()
