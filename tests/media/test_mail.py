"""E-mails are texts: their subject, who wrote them, and what they say."""

from __future__ import annotations

from email.message import EmailMessage
from pathlib import Path

import pytest

from mm_agents import media
from mm_agents.errors import DamagedMediaError
from mm_agents.media import inspect, load_text


def _message(**fields: str) -> EmailMessage:
    message = EmailMessage()
    for field, value in fields.items():
        message[field] = value
    return message


def test_a_message_is_read_with_its_head_and_the_names_of_what_is_attached() -> None:
    message = _message(From="Zoë Bär <zoe@mail.example>", To="sam@mail.example", Subject="Größe der Tür – Termin")
    message.set_content("Die Tür ist 2,10 m hoch.\nDer Termin ist am 18. Juni.\n", cte="base64")
    message.add_alternative("<html><body><p>Die Seite</p></body></html>", subtype="html")
    message.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="offer.pdf")
    file = inspect(bytes(message), name="door.eml")
    assert (file.media_type, file.format, file.mime) == ("text", "eml", "message/rfc822")
    text = load_text(file)
    assert text.startswith("# Größe der Tür – Termin\n\nFrom: Zoë Bär <zoe@mail.example>\nTo: sam@mail.example\n")
    assert "Attached: offer.pdf" in text
    assert text.endswith("Die Tür ist 2,10 m hoch.\nDer Termin ist am 18. Juni.")


def test_the_line_ends_of_a_message_are_those_of_a_text() -> None:
    sent = b"Subject: Key\r\nContent-Type: text/plain\r\n\r\nHello\r\n\r\nThe key is red.\r\n"
    assert load_text(inspect(sent, name="key.eml")).endswith("Hello\n\nThe key is red.")


def test_a_message_that_is_only_a_page_is_read_as_one() -> None:
    pytest.importorskip("markitdown", reason="web pages are read by the extra: pip install 'mm-agents[office]'")
    message = _message(From="a@mail.example", Subject="Code")
    message.set_content("<html><body><p>The <b>code</b> is 4471.</p></body></html>", subtype="html")
    assert load_text(inspect(bytes(message), name="code.eml")).endswith("The **code** is 4471.")


def test_a_text_with_such_a_name_or_a_message_with_another_is_text(tmp_path: Path) -> None:
    assert inspect(b"no head, only words", name="note.eml").format == "text"
    path = tmp_path / "saved.txt"
    path.write_bytes(bytes(_message(Subject="Kept")))
    assert inspect(path).format == "text"


def test_a_message_without_a_subject_has_its_files_name_and_a_broken_one_is_told() -> None:
    assert load_text(inspect(b"From: a@b.example\n\nThe key is in the shed.\n", name="k.eml")).startswith("# k.eml\n")
    broken = b'Subject: x\nContent-Type: text/plain; charset="no-such-set"\nContent-Transfer-Encoding: base64\n\nAAAA\n'
    with pytest.raises(DamagedMediaError, match=r"'b\.eml' cannot be read as an e-mail: LookupError"):
        media.load_text(inspect(broken, name="b.eml"))
