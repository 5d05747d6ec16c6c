"""E-mails: what a message says, without what only mail programs read."""

from __future__ import annotations

from dataclasses import dataclass
from email import message_from_bytes, policy

from mm_agents.errors import DamagedMediaError
from mm_agents.media.decoder_processes import Bounds, bounded
from mm_agents.media.files import Limits, MediaFile

_TOLD = ("From", "To", "Cc", "Date")


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """An e-mail.

    Attributes:
        head: Markdown: its subject, who wrote it to whom and when, and the names of what is attached.
        text: what it says.
        html: what it says as a web page, where it says nothing as text.
    """

    head: str
    text: str
    html: bytes


@bounded(Bounds(seconds="office_seconds", memory="page_bytes", spare=0, verb="read", advice="Save it as text."))
def read(media: MediaFile, limits: Limits) -> Message:
    """Read a message of RFC 5322 with its MIME parts; attachments are named, and not read.

    Raises:
        DamagedMediaError: it cannot be read as one.
        MediaTooLargeError: it takes too much time or memory to read.
    """
    try:
        with media.open() as file:
            message = message_from_bytes(file.read(), policy=policy.default)
        plain, page = message.get_body(("plain",)), message.get_body(("html",))
        attached = [one.get_filename() for one in message.iter_attachments()]
        lines = [f"{field}: {message[field]}" for field in _TOLD if message[field]]
        lines += [f"Attached: {', '.join(filter(None, attached))}"] if any(attached) else []
        text = "\n".join(str(plain.get_content()).splitlines()).strip() if plain is not None else ""
        html = "" if text or page is None else str(page.get_content())
        subject = " ".join(str(message["Subject"] or media.name).split())
    except MemoryError:
        raise
    except Exception as error:  # the parser has errors of many kinds for what breaks the rules
        raise DamagedMediaError(f"{media.name!r} cannot be read as an e-mail: {error!r}.") from error
    return Message(head="\n".join([f"# {subject}", "", *lines]), text=text, html=html.encode("utf-8", "replace"))
