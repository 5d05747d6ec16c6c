"""A conversation as a file: its answers and the files attached to it, written in one step and read with suspicion.

The file may come from somebody else. Reading it opens nothing but attachments below a folder that the caller gives, and
those only with the content that they had.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from mm_agents import media
from mm_agents._cache import write_whole
from mm_agents.agent.answer import Answer
from mm_agents.agent.answer_data import Source
from mm_agents.errors import ConfigError, MediaError
from mm_agents.toolbox import AttachmentInfo

VERSION = 1
"""Of the file."""

_KIND = "conversation"
_ID = re.compile(r"[0-9a-f]{32}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_OTHER_MACHINE = re.compile(r"[\\/]{2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedTurn:
    """An answer, and the names of the files that were attached to its question."""

    answer: Answer
    attached: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedConversation:
    """What is kept of a conversation.

    Attributes:
        id: of the conversation.
        turns: in order.
        attachments: that are there again.
        unavailable: the names of attachments that are not, each with the reason.
    """

    id: str
    turns: tuple[SavedTurn, ...]
    attachments: tuple[AttachmentInfo, ...] = ()
    unavailable: tuple[tuple[str, str], ...] = ()


def write_conversation(saved: SavedConversation, path: str | Path) -> None:
    """Write a conversation in one step, readable by its owner only: a reader finds the old file or the new one.

    Raises:
        OSError: the folder cannot be written.
    """
    document = {
        "version": VERSION,
        "kind": _KIND,
        "id": saved.id,
        "attachments": [
            {"name": one.name, "path": _place(one), "sha256": one.file.sha256} for one in saved.attachments
        ],
        "turns": [{"attached": list(turn.attached), "answer": turn.answer.to_json()} for turn in saved.turns],
    }
    text = json.dumps(document, ensure_ascii=False, indent=2)
    write_whole(Path(path), text.encode("utf-8", "replace"))


def read_conversation(
    path: str | Path, *, attachments: str | Path | None = None, root: str | None = None
) -> SavedConversation:
    """Read what ``write_conversation`` wrote.

    Args:
        path: the file.
        attachments: the folder below which its attachments are looked for; without one none is opened.
        root: the library's folder, which relative paths of sources start from.

    Raises:
        ConfigError: the file cannot be read, or does not hold a conversation.
    """
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
        if not isinstance(document, dict) or document.get("kind") != _KIND:  # pyright: ignore[reportUnknownMemberType]
            raise ValueError("it is of another kind")
        if document["version"] != VERSION:
            raise ValueError(f"it has the version {document['version']!r}, and {VERSION} is known")
        if not _ID.fullmatch(document["id"]):
            raise ValueError("its id is none")
        listed = [_attachment(one) for one in document["attachments"]]
        turns = [
            SavedTurn(
                answer=Answer.from_json(turn["answer"], root=root, name=f"Answer {number} of {str(path)!r}"),
                attached=tuple(_names(turn["attached"])),
            )
            for number, turn in enumerate(document["turns"], start=1)
        ]
    except ConfigError:
        raise
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ConfigError(
            f"{str(path)!r} is not a saved conversation: {error!r}. Make one with Conversation.save, or /keep in "
            "'mm-agents chat'."
        ) from error
    folder = None if attachments is None else Path(attachments)
    found = [(name, _reopened(name, place, sha256, folder)) for name, place, sha256 in listed]
    return SavedConversation(
        id=document["id"],
        turns=tuple(replace(turn, answer=_without_strange_places(turn.answer, (folder, root))) for turn in turns),
        attachments=tuple(one for _, one in found if isinstance(one, AttachmentInfo)),
        unavailable=tuple((name, one) for name, one in found if isinstance(one, str)),
    )


def _place(attachment: AttachmentInfo) -> str | None:
    return attachment.file.path.absolute().as_posix() if attachment.file.path is not None else None


def _names(values: Any) -> Iterable[str]:
    """The names of attachments in a file.

    Raises:
        ValueError: one is not a name, or leads somewhere.
    """
    for value in values:
        plain = isinstance(value, str) and value.isprintable() and value not in ("", ".", "..")
        if not plain or value != PurePosixPath(value).name or value != PureWindowsPath(value).name:
            raise ValueError(f"{value!r} is not the name of a file")
        yield value


def _attachment(kept: Mapping[str, Any]) -> tuple[str, str | None, str]:
    (name,) = _names([kept["name"]])
    place, sha256 = kept["path"], kept["sha256"]
    if not (place is None or isinstance(place, str)) or not _SHA256.fullmatch(sha256):
        raise ValueError(f"the attachment {name!r} has no path and content")
    return name, place, sha256


def _reopened(name: str, place: str | None, sha256: str, folder: Path | None) -> AttachmentInfo | str:
    """An attachment as it was, or why it is not there."""
    if folder is None:
        return "no folder of attachments was given"
    at = os.path.abspath(folder)
    reason = f"it is not below {at!r}"
    for path in (place, os.path.join(at, PurePosixPath(place or name).name), os.path.join(at, name)):
        # By its words alone first: looking at a path may already reach another machine.
        if path is None or not _is_below(path, at):
            continue
        try:
            if not _is_below(os.path.realpath(path), os.path.realpath(at)) or not os.path.isfile(path):
                continue
            file = media.inspect(Path(path))
        except (OSError, ValueError, MediaError):
            continue
        if file.sha256 == sha256:
            return AttachmentInfo(name=name, kind=file.media_type, file=file)
        reason = "its content was changed"
    return reason


def _is_below(path: str, folder: str) -> bool:
    """Whether a path, as it is written, is below a folder."""
    if "\0" in path or _OTHER_MACHINE.match(path) or not os.path.isabs(path):
        return False
    return Path(os.path.normpath(path)).is_relative_to(folder)


def _without_strange_places(answer: Answer, roots: Sequence[str | Path | None]) -> Answer:
    """An answer whose sources name no file outside of the folders that the caller gave: such a path is left out."""
    known = [os.path.abspath(root) for root in roots if root is not None]

    def kept(source: Source) -> Source:
        path = source.evidence.path
        inside = path is None or (not os.path.isabs(path) and ".." not in Path(path).parts)
        if inside or any(_is_below(path or "", root) for root in known):
            return source
        return replace(source, evidence=replace(source.evidence, path=None))

    return replace(answer, sources=tuple(kept(source) for source in answer.sources))
