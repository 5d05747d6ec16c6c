"""The page's addresses: its own files, and JSON about answers, the library and its media."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from mm_agents import media
from mm_agents._html import render
from mm_agents.agent import Agent
from mm_agents.agent.report import page as report_page
from mm_agents.documents.sheets import csv_of, xlsx_of
from mm_agents.errors import ConfigError, MediaError, MMAgentsError, RecordNotFoundError
from mm_agents.ingest.objects import object_of
from mm_agents.ingest.presets import LANGUAGES
from mm_agents.library import Library
from mm_agents.search.ranking import object_json
from mm_agents.types import SPOKEN, Condition
from mm_agents.web import map as maps
from mm_agents.web.feedback import keep_verdict
from mm_agents.web.guard import SignIn
from mm_agents.web.jobs import Jobs, Question, UnknownConversationError, problem_of, stream_of, worked
from mm_agents.web.library_index import FACETS, LibraryIndex, Listing
from mm_agents.web.media_files import (
    PLAYED_FORMATS,
    SHOWN_FORMATS,
    MediaFiles,
    Place,
    add_uploads,
    check_writable,
    clean_name,
    facts_of,
    has_words,
    remove_added,
)
from mm_agents.web.strings import STATIC, strings_for

_LARGEST_JSON = 24 * 1024**2  # bytes of a request: a whole conversation may be handed back
_NAME = 60  # characters of a question that name its answer's file
_KEPT = {"cache-control": "private, max-age=86400"}
_SANDBOX = {"content-security-policy": "default-src 'none'; sandbox", **_KEPT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What the page is made of.

    Attributes:
        agent: what answers; its library is the one to browse.
        name: what the library is called.
        folder: for this run's files.
        uploads: where added files are kept; None where nothing may be changed.
        largest: bytes of one file that may be sent.
        sign_in: who may open it; None for everybody.
    """

    agent: Agent
    name: str
    folder: Path
    uploads: Path | None
    largest: int
    sign_in: SignIn | None


class Routes:
    """Answers the requests of one page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.library: Library = page.agent.library
        self.files: MediaFiles = MediaFiles(self.library, page.folder / "sent")
        self.files.folder.mkdir(parents=True, exist_ok=True)
        self.jobs: Jobs = Jobs(page.agent, self.files)
        self.index: LibraryIndex = LibraryIndex(self.library, self.files)
        self.maps: maps.MapCache = maps.MapCache(self.library, page.folder / "maps")

    def app(self) -> Starlette:
        """The application, without its guard."""
        get, post = ["GET"], ["POST"]
        routes = [
            Route("/", self.home, methods=get),
            Route("/login", self.enter, methods=post),
            Route("/logout", self.leave, methods=post),
            Route("/api/page", self.about, methods=get),
            Route("/api/examples", self.examples, methods=get),
            Route("/api/ask", self.ask, methods=post),
            Route("/api/jobs/{id}", self.job, methods=get),
            Route("/api/jobs/{id}/stop", self.stop, methods=post),
            Route("/api/jobs/{id}/verdict", self.verdict, methods=post),
            Route("/api/jobs/{id}/answer.{form}", self.answer, methods=get),
            Route("/api/sheet", self.sheet, methods=post),
            Route("/api/uploads", self.send, methods=post),
            Route("/api/items", self.items, methods=get),
            Route("/api/items/ids", self.ids, methods=get),
            Route("/api/items/set", self.keep_set, methods=post),
            Route("/api/items/add", self.add, methods=post),
            Route("/api/items/delete", self.delete, methods=post),
            Route("/api/items/tag", self.tag, methods=post),
            Route("/api/items/extract", self.extract, methods=post),
            Route("/api/map", self.map, methods=get),
            Route("/map/{name}", self.chart, methods=get),
            Route("/api/{place}/{id}", self.item, methods=get),
            Route("/api/{place}/{id}/{part}", self.item_part, methods=get),
            Mount("/static", StaticFiles(directory=STATIC)),
        ]
        handlers: dict[Any, Any] = {MMAgentsError: refused, OSError: refused, Exception: broken}
        return Starlette(
            routes=routes, exception_handlers=handlers, middleware=[Middleware(GZipMiddleware, minimum_size=1024)]
        )

    # ------------------------------------------------------------ the page

    def home(self, request: Request) -> Response:
        """The page itself, or the form to sign in with."""
        sign_in = self.page.sign_in
        if sign_in is not None and not sign_in.has(request.headers.getlist("cookie")):
            return sign_in.page(request)
        language, _ = strings_for(request.headers.get("accept-language", ""))
        version = str(max(path.stat().st_mtime_ns for path in STATIC.iterdir()))
        return HTMLResponse(
            render("web/page.html", language=language, version=version), headers={"cache-control": "no-store"}
        )

    async def enter(self, request: Request) -> Response:
        """Sign in."""
        return await self.page.sign_in.enter(request) if self.page.sign_in else _home()

    def leave(self, request: Request) -> Response:
        """Sign out."""
        return self.page.sign_in.leave(request) if self.page.sign_in else _home()

    def about(self, request: Request) -> Response:
        """What the page shows around everything: the library's name, counts, where things go, what may be done."""
        agent, library = self.page.agent, self.library
        away = {name for name in library.routes.describe().values() if name.partition(":")[0] == "google"}
        chat = agent.chat_model
        asked = chat is not None and not chat.is_local
        names = dict.fromkeys(spec.name for spec in library.store.spec.vectors)
        document = {
            "name": self.page.name,
            "counts": library.count(group_by="media_type"),
            "away": sorted(away | ({chat.name} if chat is not None and asked else set())),
            "asked": asked,
            "folder": library.root is not None,
            "writable": self.page.uploads is not None,
            "largest": self.page.largest,
            "signedIn": self.page.sign_in is not None,
            "map": maps.installed(),
            "vectors": [name for name in names if name.removesuffix(LANGUAGES) not in names.keys() - {name}],
        }
        return JSONResponse(document, headers={"cache-control": "no-store"})

    def examples(self, request: Request) -> Response:
        """Questions made from the library's own files."""
        questions: list[str] = []
        with suppress(MMAgentsError, OSError):
            questions = self.page.agent.suggestions.of(self.page.agent.planner)
        return JSONResponse({"questions": questions})

    # ------------------------------------------------------------ answers

    async def ask(self, request: Request) -> Response:
        """Begin to answer; the events follow."""
        question = Question.read(await body_of(request))
        return stream_of(await run_in_threadpool(self.jobs.ask, question))

    async def job(self, request: Request) -> Response:
        """The events of a question that was asked before, for a page that was loaded again."""
        job = self.jobs.get(request.path_params["id"])
        if job is None:
            raise RecordNotFoundError("That answer is not on the server any more. Ask again.")
        return stream_of(job)

    def stop(self, request: Request) -> Response:
        """Stop answering."""
        self.jobs.stop(request.path_params["id"])
        return JSONResponse({})

    def answer(self, request: Request) -> Response:
        """An answer as a file: a page with its evidence, or the JSON that ``mm-agents verify`` reads."""
        job = self.jobs.get(request.path_params["id"])
        if job is None or job.answer is None:
            raise RecordNotFoundError("That answer is not on the server any more. Ask again.")
        name = clean_name(job.answer.question.replace("/", " "))[:_NAME].strip(" .?!_") or "answer"
        if request.path_params["form"] == "html":
            return _download(report_page(job.answer).encode(), f"{name}.html", "text/html; charset=utf-8")
        text = json.dumps(job.answer.to_json(), ensure_ascii=False, indent=2)
        return _download(text.encode("utf-8", "replace"), f"{name}.json", "application/json")

    async def verdict(self, request: Request) -> Response:
        """Keep what a visitor thinks of an answer."""
        job, sent = self.jobs.get(request.path_params["id"]), await body_of(request)
        if job is None or job.answer is None:
            raise RecordNotFoundError("That answer is not on the server any more. Ask again.")
        verdict, files = sent.get("verdict"), sent.get("files", [])
        if verdict not in ("up", "down", None):
            raise ConfigError("A verdict is up, down, or null.")
        keep = keep_verdict
        await run_in_threadpool(keep, self.library.root, job.id, job.answer, tuple(map(str, files)), verdict)
        return JSONResponse({})

    async def sheet(self, request: Request) -> Response:
        """A table that the page shows, as CSV or XLSX."""
        sent = await body_of(request)
        sheets = _sheets(sent)
        name = str(sent.get("name", "table"))
        if sent.get("form") == "xlsx":
            content = await run_in_threadpool(xlsx_of, sheets, extra="web")
            return _download(content, f"{name}.xlsx", _XLSX)
        lines = [row for rows in sheets.values() for row in (*rows, [])][:-1]
        return _download(csv_of(lines), f"{name}.csv", "text/csv; charset=utf-8")

    # ------------------------------------------------------------ files

    async def send(self, request: Request) -> Response:
        """Receive a file, given as the request's body."""
        name = request.query_params.get("name") or "file"
        id, path = self.files.new_path(name)
        size = 0
        try:
            with path.open("wb") as file:
                async for piece in request.stream():
                    size += len(piece)
                    if size > self.page.largest:
                        raise TooLargeError(f"{path.name!r} is larger than {self.page.largest:,} bytes.")
                    file.write(piece)
        except BaseException:
            path.unlink(missing_ok=True)
            path.parent.rmdir()
            raise
        upload = await run_in_threadpool(self.files.keep, id, path, name)
        return JSONResponse({"id": id, "name": path.name, "kind": upload.file.media_type, "size": size})

    def item(self, request: Request) -> Response:
        """What the viewer shows of a file: its facts, pages, parts and the things seen in it."""
        place, id = _place(request)
        if place == "uploads":
            upload = self.files.upload(id)
            shown: dict[str, Any] = {"name": upload.path.name, "kind": upload.file.media_type, "facts": {}}
        else:
            record = self.files.record(id)
            shown = {"name": record.name, "kind": record.media_type, "facts": facts_of(record), "text": record.text}
            parts = self.library.parts(id)
            shown["parts"] = [_part(one) for one in parts]
            shown["document"] = has_words(record, parts)
            shown["objects"] = [
                {**object_json(object_of(one)), "t0": one.properties.get("t0")} for one in self.library.objects(id)
            ]
        shown |= {"format": None, "pages": 0, "played": False, "problem": None}
        try:
            file = self.files.file(place, id)
            shown |= {"format": file.format, "pages": self.files.pages_of(file), "size": file.size}
            shown["played"] = file.format in PLAYED_FORMATS
            if file.media_type == "text":
                shown["text"] = media.load_text(file)
        except MediaError as error:
            shown["problem"] = str(error)
        return JSONResponse({"address": f"{place}/{id}", **shown})

    def item_part(self, request: Request) -> Response:
        """A file's thumbnail, page or wave form as a picture, what it says as a document, or the file itself."""
        place, id = _place(request)
        asked = request.query_params
        match request.path_params["part"]:
            case "thumbnail":
                small = self.files.thumbnail(place, id, at=_number(asked.get("t")), page=_whole(asked.get("page")))
                if small is None:
                    raise RecordNotFoundError("It has no picture.")
                return Response(small, media_type="image/jpeg", headers=_SANDBOX)
            case "page":
                shown = self.files.page(place, id, _whole(asked.get("n")) or 1)
                size = {"x-page-size": f"{shown.width}x{shown.height}"}
                return Response(shown.content, media_type="image/jpeg", headers={**_SANDBOX, **size})
            case "wave":
                return Response(self.files.wave(place, id), media_type="image/jpeg", headers=_SANDBOX)
            case "reading":
                return JSONResponse(
                    self.files.reading(place, id, asked.get("kind")), headers={"cache-control": "no-store"}
                )
            case "file":
                return self._file(place, id)
            case _:
                raise RecordNotFoundError("Nothing is served at that address.")

    def _file(self, place: Place, id: str) -> Response:
        file = self.files.file(place, id)
        if file.path is None:
            raise RecordNotFoundError("It has no file of its own.")
        shown = PLAYED_FORMATS.get(file.format) or SHOWN_FORMATS.get(file.format)
        return FileResponse(
            file.path,
            media_type=shown or "application/octet-stream",
            filename=file.path.name,
            content_disposition_type="inline" if shown else "attachment",
            headers=_SANDBOX,
        )

    # ------------------------------------------------------------ the library

    def items(self, request: Request) -> Response:
        """A part of a listing, with facets."""
        return JSONResponse(self.index.page(_listing(request)), headers={"cache-control": "no-store"})

    def ids(self, request: Request) -> Response:
        """The ids of a whole listing."""
        return JSONResponse({"ids": self.index.ids(_listing(request))})

    async def keep_set(self, request: Request) -> Response:
        """Keep chosen assets, such as those of a part of the map; the listing can then be asked for these."""
        return JSONResponse({"set": self.index.keep(_texts(await body_of(request), "ids"))})

    async def add(self, request: Request) -> Response:
        """Add what was sent; progress, and then the fate of each file."""
        folder, sent = check_writable(self.page.uploads), await body_of(request)
        ids = _texts(sent, "uploads")

        def work(report: Callable[[int, int, str], None]) -> Any:
            try:
                fates = add_uploads(self.library, self.files, folder, ids, report)
            finally:
                self.index.forget()
            return {"fates": [fate.to_json() for fate in fates]}

        return worked(work)

    async def delete(self, request: Request) -> Response:
        """Remove assets; files that visitors had added go too, others stay where they are."""
        check_writable(self.page.uploads)
        ids = _texts(await body_of(request), "ids")

        def remove() -> int:
            paths = remove_added(self.library, self.page.uploads, ids)
            removed = self.index.remove(ids)
            for path in paths:
                path.unlink(missing_ok=True)
            return removed

        return JSONResponse({"removed": await run_in_threadpool(remove)})

    async def tag(self, request: Request) -> Response:
        """Give assets tags, or take some away."""
        check_writable(self.page.uploads)
        sent = await body_of(request)
        ids = _texts(sent, "ids")
        add, remove = ([str(one) for one in sent.get(name, [])] for name in ("add", "remove"))
        return JSONResponse({"changed": await run_in_threadpool(self.index.tag, ids, add, remove)})

    async def extract(self, request: Request) -> Response:
        """Read documents and give their facts; as events with progress."""
        sent = await body_of(request)
        ids, kind = tuple(_texts(sent, "ids")), str(sent.get("kind", "invoice"))

        def work(report: Callable[[int, int, str], None]) -> Any:
            found = self.library.facts(kind, where=Condition("id", "in", ids), progress=report)
            tables = {f"{kind}s": found.rows(), "items": found.item_rows()}
            sheets = [{"name": name, "rows": _rows(rows)} for name, rows in tables.items() if rows]
            failed = [{"name": Path(one.path).name, "reason": one.reason} for one in found.failed]
            return {"sheets": sheets, "failed": failed, "others": [Path(str(one)).name for one in found.others]}

        return worked(work)

    # ------------------------------------------------------------ the map

    def map(self, request: Request) -> Response:
        """Draw a map; progress, and then its address and what can colour it."""
        vector = request.query_params.get("vector", "")

        def work(report: Callable[[int, int, str], None]) -> Any:
            if not maps.installed():
                return {"address": None, "colors": [], "color": "", "assets": 0, "installed": False}
            report(0, 1, "")
            state = self.maps.state()
            if not state.assets:
                return {"address": None, "colors": [], "color": "", "assets": 0, "installed": True}
            chart = self.maps.drawn(state, vector, report)
            address = f"{maps.ADDRESS.lstrip('/')}{chart.name}"
            known = {"colors": chart.colors, "color": chart.figure.color, "assets": state.assets, "installed": True}
            return {"address": address, **known}

        return worked(work)

    def chart(self, request: Request) -> Response:
        """A drawn map; with a colour, as a PNG in it."""
        chart, color = self.maps.named(request.path_params["name"]), request.query_params.get("png")
        if chart is None:
            return Response("Not served here.", status_code=404, media_type="text/plain")
        if color is not None:
            return _download(chart.png(color), "map.png", "image/png")
        return FileResponse(chart.path, media_type="text/html", headers=maps.headers_of(chart))


class TooLargeError(MMAgentsError):
    """A file is larger than may be sent."""


_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_STATUSES: Mapping[type[Exception], int] = {
    UnknownConversationError: 409,
    RecordNotFoundError: 404,
    TooLargeError: 413,
    MediaError: 422,
    MMAgentsError: 400,
    OSError: 500,
}


async def refused(request: Request, error: Exception) -> Response:
    """An error of the library as JSON, with a message for people."""
    status = next(status for kind, status in _STATUSES.items() if isinstance(error, kind))
    return JSONResponse({"error": problem_of(error)}, status_code=status)


async def broken(request: Request, error: Exception) -> Response:
    """An error that is not expected; the server's log has it."""
    return JSONResponse({"error": {"message": None, "code": "Error"}}, status_code=500)


async def body_of(request: Request) -> dict[str, Any]:
    """The JSON object that a request carries.

    Raises:
        ConfigError: it is none, or it is too long.
    """
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > _LARGEST_JSON:
            raise ConfigError("The request is too long.")
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ConfigError("The request has to be a JSON object.") from error
    if not isinstance(sent, dict):
        raise ConfigError("The request has to be a JSON object.")
    return cast("dict[str, Any]", sent)


def _home() -> Response:
    return Response(status_code=303, headers={"location": "./"})


def _place(request: Request) -> tuple[Place, str]:
    place, id = request.path_params["place"], request.path_params["id"]
    if place not in ("assets", "uploads"):
        raise RecordNotFoundError("Nothing is served at that address.")
    return place, id


def _part(record: Any) -> dict[str, Any]:
    properties = record.properties
    return {
        "id": record.id,
        "t0": properties.get("t0"),
        "t1": properties.get("t1"),
        "page": properties.get("page"),
        "spoken": properties.get(SPOKEN) is not None,
        "text": record.text,
        "thumbnail": record.thumbnail is not None,
    }


def _listing(request: Request) -> Listing:
    asked = request.query_params
    chosen = {name: tuple(values) for name in FACETS if (values := asked.getlist(name))}
    sort: Any = asked.get("sort") or "best"
    return Listing(
        words=asked.get("q", ""),
        upload=asked.get("image") or None,
        like=asked.get("like") or None,
        kept=asked.get("set") or None,
        chosen=chosen,
        sort=sort,
        offset=_whole(asked.get("offset")) or 0,
        limit=_whole(asked.get("limit")) or 100,
    )


def _texts(sent: Mapping[str, Any], name: str) -> list[str]:
    texts = sent.get(name)
    if not isinstance(texts, list) or not all(isinstance(one, str) for one in cast("list[Any]", texts)):
        raise ConfigError(f"The request lacks {name!r}, which has to be a list of texts.")
    return cast("list[str]", texts)


def _rows(rows: Sequence[Mapping[str, object]]) -> list[list[str]]:
    """Facts as rows below the names of their columns, without where files are on the server."""
    names = [name for name in rows[0] if name not in ("path", "sha256")]
    return [names, *([_text(row[name]) for name in names] for row in rows)]


def _sheets(sent: Mapping[str, Any]) -> dict[str, list[list[str]]]:
    try:
        found = {str(one["name"])[:31] or "Sheet": _cells(one["rows"]) for one in sent["sheets"]}
    except (KeyError, TypeError) as error:
        raise ConfigError("The request lacks 'sheets', each with a name and rows.") from error
    if not found:
        raise ConfigError("There is no table to save.")
    return found


def _cells(rows: Any) -> list[list[str]]:
    return [[_text(value) for value in row] for row in rows]


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError as error:
        raise ConfigError(f"{text!r} is not a number.") from error


def _whole(text: str | None) -> int | None:
    number = _number(text)
    if number is not None and (number < 0 or number != int(number)):
        raise ConfigError(f"{text!r} is not a whole number.")
    return None if number is None else int(number)


def _download(content: bytes, name: str, mime: str) -> Response:
    disposition = f"attachment; filename*=utf-8''{quote(name)}"
    headers = {"content-disposition": disposition, "cache-control": "no-store", "content-security-policy": "sandbox"}
    return Response(content, media_type=mime, headers=headers)


Handler = Callable[[Request], Awaitable[Response] | Response]
