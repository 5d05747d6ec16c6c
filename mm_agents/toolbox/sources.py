"""What the arguments of tools may point at: attached files, issued ids, and what the library holds."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from mm_agents import media
from mm_agents._text import excerpt, moment
from mm_agents.errors import ConfigError, MediaError, RecordNotFoundError, ToolError, UnsupportedMediaError
from mm_agents.media import MediaFile
from mm_agents.search.ranking import hit_json
from mm_agents.tools import Attachment, Picture, ToolResult
from mm_agents.types import Evidence, Hit, Image, Record

if TYPE_CHECKING:
    from mm_agents.library import Library


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachmentInfo:
    """An attached file, looked at but not decoded.

    Attributes:
        name: how tools call it: the file's name, numbered where two have the same.
        kind: what its content is.
        file: the file itself.
    """

    name: str
    kind: Attachment
    file: MediaFile


class Attachments:
    """The files that are attached to a question, or to a conversation so far, in the order that they came.

    Args:
        files: those that are there.
    """

    def __init__(self, files: Iterable[AttachmentInfo] = ()) -> None:
        self._files = {one.name: one for one in files}

    @classmethod
    def open(cls, paths: Iterable[str | Path]) -> Attachments:
        """Look at files, and find out by their content what they are.

        Raises:
            MediaError: one does not exist, or is of a kind that cannot be read.
        """
        return cls().with_files(paths)

    def with_files(self, paths: Iterable[str | Path]) -> Attachments:
        """These and more; the content of one that is there already stays under its name.

        Raises:
            MediaError: as ``open``.
        """
        files = dict(self._files)
        for path in paths:
            file = media.inspect(Path(path))
            if any(one.file.sha256 == file.sha256 for one in files.values()):
                continue
            name = _unused(file.name, files)
            files[name] = AttachmentInfo(name=name, kind=file.media_type, file=file)
        return Attachments(files.values())

    def get(self, name: str) -> AttachmentInfo | None:
        """The attachment of that name."""
        return self._files.get(name)

    def of_kind(self, *kinds: Attachment) -> list[AttachmentInfo]:
        """Those of some kinds, in order."""
        return [one for one in self if one.kind in kinds]

    def __iter__(self) -> Iterator[AttachmentInfo]:
        return iter(self._files.values())

    def __len__(self) -> int:
        return len(self._files)


def _unused(name: str, taken: Iterable[str]) -> str:
    stem, dot, suffix = name.rpartition(".")
    tried, number = name, 2
    while tried in taken:
        tried = f"{stem} ({number}){dot}{suffix}" if stem else f"{name} ({number})"
        number += 1
    return tried


class IdRegistry(Protocol):
    """What a conversation has handed out; a tool takes no other ids."""

    def allow(self, reference: str, /) -> bool:
        """Whether a call may name it."""
        ...

    def take(self, result: ToolResult, /) -> None:
        """Note what a result hands out."""
        ...


class AllowedIds:
    """The ids that results have handed out."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def allow(self, reference: str, /) -> bool:
        """Whether a result held it."""
        return reference in self._known

    def take(self, result: ToolResult, /) -> None:
        """Note the assets of a result."""
        self._known.update(result.assets)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """What an argument points at.

    Attributes:
        id: of the record; of an attachment that the library does not hold, its name.
        name: of the file or film.
        media_type: "image", "video", "text", "pdf" or "film".
        path: as evidence names it: a record's own, else where the attached file lies.
        record: what the library holds of it.
        attached: the file, where it is attached.
        place: where the record's file lies.
    """

    id: str
    name: str
    media_type: str
    path: str | None
    record: Record | None = None
    attached: MediaFile | None = None
    place: Path | None = None

    def file(self) -> MediaFile:
        """The file, which has to be what it was when it was added.

        Raises:
            ToolError: there is none, it cannot be read, or it has changed.
        """
        try:
            if self.attached is not None and self.attached.path is not None:
                found, known = media.inspect(self.attached.path), self.attached.sha256
            elif self.attached is not None:
                return self.attached
            elif self.place is not None and self.record is not None:
                found, known = media.inspect(self.place), str(self.record.properties.get("sha256", ""))
            else:
                raise ToolError(f"{self.name!r} has no file.", retry=False)
        except MediaError as error:
            raise ToolError(str(error), retry=False) from error
        if found.sha256 != known:
            raise ToolError(f"{self.name!r} has changed since it was added. Add it again.", retry=False)
        return found

    def owning(self, evidence: Evidence) -> Evidence:
        """A reader's evidence, said to be of this asset."""
        return replace(evidence, asset=self.id, path=self.path)

    def whole(self, how: str) -> Evidence:
        """The asset as a whole as evidence."""
        if self.attached is not None:
            sha256: str | None = self.attached.sha256
        else:
            known = self.record.properties.get("sha256") if self.record else None
            sha256 = known if isinstance(known, str) else None
        return Evidence(asset=self.id, path=self.path, sha256=sha256, how=how)


_talk: ContextVar[tuple[Attachments, IdRegistry] | None] = ContextVar("talk", default=None)


@contextmanager
def bound_to_conversation(attachments: Attachments, handed: IdRegistry) -> Generator[None]:
    """Within this, the tools of every toolbox know these attachments and ids, whatever they were made with."""
    token = _talk.set((attachments, handed))
    try:
        yield
    finally:
        _talk.reset(token)


class Sources:
    """Turns arguments into assets.

    Args:
        library: whose records may be named.
        attachments: files that may be named.
        handed: the ids that may be named.
    """

    def __init__(self, library: Library, attachments: Attachments, handed: IdRegistry) -> None:
        self.library = library
        self._own = (attachments, handed)

    @property
    def attachments(self) -> Attachments:
        """The files that may be named now."""
        return (_talk.get() or self._own)[0]

    @property
    def handed(self) -> IdRegistry:
        """The ids that may be named now."""
        return (_talk.get() or self._own)[1]

    def resolve(self, reference: str) -> Asset:
        """What an argument points at.

        Args:
            reference: an attachment's name, an id that was handed out, or the path or name of what the library holds.

        Raises:
            ToolError: it is none of these.
        """
        attached = self.attachments.get(reference)
        if attached is not None:
            return self._attached(attached)
        if _is_id(reference) and not self.handed.allow(reference):
            raise ToolError(
                f"The id {reference!r} was not handed out. Use an id that a search has given, or a name.", retry=True
            )
        try:
            return self.of_record(self.library.get(reference))
        except RecordNotFoundError as error:
            raise ToolError(f"Neither the library nor the attachments hold {reference!r}.", retry=True) from error
        except ConfigError as error:
            raise ToolError(str(error), retry=True) from error

    def of_record(self, record: Record) -> Asset:
        """A record as an asset."""
        if record.parent is not None:
            record = self.library.get(record.parent)
        return Asset(
            id=record.id,
            name=record.name,
            media_type=record.media_type,
            path=record.path,
            record=record,
            place=self.library.path(record),
        )

    def _attached(self, one: AttachmentInfo) -> Asset:
        path = one.file.path
        return Asset(
            id=one.name,
            name=one.name,
            media_type=one.kind,
            path=path.absolute().as_posix() if path else None,
            attached=one.file,
        )


def _is_id(reference: str) -> bool:
    try:
        UUID(reference)
    except ValueError:
        return False
    return True


_SHOWN = 5  # pictures that go with a result
_EXCERPT = 160  # characters


def of_hits(found: Sequence[Hit], *, query: str | None, noun: str) -> ToolResult:
    """The result of a search.

    Args:
        found: best first.
        query: what was searched for, where that was a text.
        noun: what is searched, in the plural.
    """
    if not found:
        return ToolResult(text=f"No {noun} were found.", payload={"query": query, "hits": []})
    count = f"1 {noun[:-1]}" if len(found) == 1 else f"{len(found)} {noun}"
    lines = [f"{count}, the nearest first. [n] is a source; name it by its id."]
    lines += [_line(n, hit) for n, hit in enumerate(found, start=1)]
    return ToolResult(
        text="\n".join(lines),
        media=tuple(shown for hit in found[:_SHOWN] if (shown := thumbnail(hit)) is not None),
        payload={"query": query, "hits": [hit_json(hit) for hit in found]},
        evidence=tuple(hit.evidence for hit in found),
        assets=tuple(hit.id for hit in found),
    )


def thumbnail(hit: Hit) -> Picture | None:
    """A small picture of a hit."""
    if hit.thumbnail is None:
        return None
    image = media.load_image(hit.thumbnail)
    where = moment(hit)
    return Picture(image=image, caption=f"{hit.name}, {where}" if where else hit.name)


def crops(evidence: Sequence[Evidence], page: Callable[[int], Image], name: str) -> tuple[Picture, ...]:
    """The places of a document, each cut out of its page with something around it.

    Args:
        evidence: those with a box are shown.
        page: gives a page as stored, by its number.
        name: of the document.
    """
    found: list[Picture] = []
    for one in [one for one in evidence if one.box is not None][:_SHOWN]:
        box, pixels = one.box, page(one.page or 1).pixels
        assert box is not None
        margin = 2 * (box.y1 - box.y0) + 12
        part = pixels[max(box.y0 - margin, 0) : box.y1 + margin, max(box.x0 - 3 * margin, 0) : box.x1 + 3 * margin]
        if part.size:
            found.append(Picture(image=Image(pixels=part), caption=f"{name}: {one.quote or 'a place'}"))
    return tuple(found)


def _line(n: int, hit: Hit) -> str:
    facts = [hit.media_type, f"id {hit.id}", *([f"{hit.strength} match"] if hit.strength else [])]
    if where := moment(hit):
        facts.append(where)
    facts += [f"{found.vector} {found.score:.3f}" for found in hit.found_by[:2]]
    said = f": {excerpt(hit.text, _EXCERPT)}" if hit.text else ""
    return f"[{n}] {hit.name} ({'; '.join(facts)}){said}"


def stored_page(file: MediaFile, number: int = 1) -> Image:
    """A page's pixels.

    Args:
        file: a picture or PDF.
        number: of the page, from 1.

    Raises:
        ConfigError: the page does not exist.
        MediaError: the file cannot be read, or has no pages.
    """
    if file.media_type == "image":
        if number != 1:
            raise ConfigError(f"A picture has one page; {file.name!r} has no page {number}.")
        return media.load_stored(file)
    if file.media_type == "pdf":
        return next(iter(media.print_pages(file, numbers=[number]))).image
    raise UnsupportedMediaError(f"{file.name!r} is {file.format} ({file.mime}); it has no pages.")
