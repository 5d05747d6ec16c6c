"""What visitors read of an error: what is wrong, without where files are on the server."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

_FULL = (errno.ENOSPC, errno.EDQUOT)


def problem_of(error: Exception) -> dict[str, str]:
    """A message for people, and a code; for "full" and "busy" the page has words of its own in each language."""
    cause = error if isinstance(error, OSError) else error.__cause__
    if isinstance(cause, OSError) and cause.errno in _FULL:
        return {"message": "The disk of the server is full.", "code": "full"}
    if isinstance(cause, sqlite3.Error):
        code = getattr(cause, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_FULL:
            return {"message": "The disk of the server is full.", "code": "full"}
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return {"message": "Another program is writing to the library.", "code": "busy"}
    message = str(error)
    if isinstance(error, OSError) and error.strerror:
        named = f"{Path(str(error.filename)).name!r}: " if error.filename else ""
        message = f"{named}{error.strerror}."
    return {"message": message, "code": type(error).__name__}
