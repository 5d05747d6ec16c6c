"""A server on 127.0.0.1 that speaks Gemini's wire protocol for embeddings and chat, so that real clients are tested.

Chat replies go whole or as server-sent events, call functions, and can be decided by what was asked (``behave``).
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np

NAME = "google_genai:gemini-3.5-flash"
"""The chat model that talks to it."""

_PATH = re.compile(
    r"/v1beta1?/(?:publishers/google/)?models/([\w.-]+):"
    r"(batchEmbedContents|embedContent|generateContent|streamGenerateContent)(?:\?alt=sse)?"
)


@dataclass(frozen=True)
class Request:
    """What came over the wire: its entries as (text or bytes, MIME type) for each part, by content.

    Calls and their results stand there as JSON, with "call" or "result" in place of the MIME type. ``widths`` are those
    that were asked for, none for chat.
    """

    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    contents: list[list[tuple[str | bytes, str]]]
    widths: list[int]

    @property
    def tools(self) -> list[str]:
        """The names of the tools that were offered."""
        return [one["name"] for tool in self.body.get("tools", []) for one in tool["functionDeclarations"]]

    @property
    def schema(self) -> dict[str, Any] | None:
        """The schema that the reply has to fit, where one was asked for."""
        return self.body.get("generationConfig", {}).get("responseJsonSchema")

    @property
    def results(self) -> list[dict[str, Any]]:
        """The results of calls that were sent, in order: {"name", "response"}."""
        return [json.loads(part) for content in self.contents for part, kind in content if kind == "result"]

    @property
    def said(self) -> str:
        """All texts and results together."""
        return "\n".join(part for content in self.contents for part, _ in content if isinstance(part, str))

    @property
    def pictures(self) -> list[bytes]:
        return [part for content in self.contents for part, _ in content if isinstance(part, bytes)]


@dataclass
class Refusal:
    """An answer other than the vectors or the usual reply.

    ``seconds`` pass before it, and ``pause`` between the events of a stream, which breaks off after ``events``.
    """

    code: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    pause: float = 0.0
    events: int | None = None


def error(code: int, status: str, message: str, *details: Any) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "status": status, "details": list(details)}}


TRANSIENT = (
    Refusal(429, error(429, "RESOURCE_EXHAUSTED", "slow down")),
    Refusal(500, error(500, "INTERNAL", "oops")),
    Refusal(503, b"<html>a gateway's page</html>", {"Content-Type": "text/html"}),
)
"""Refusals after which trying again can help."""


def call(name: str, /, **arguments: Any) -> dict[str, Any]:
    """A part of a reply that calls a function, signed as Gemini's are."""
    return {"functionCall": {"name": name, "args": arguments}, "thoughtSignature": "c2lnbmVk"}


def reply(
    *texts: str | dict[str, Any], finish: str = "STOP", tokens: tuple[int, int] = (5, 3), **changes: Any
) -> Refusal:
    """A chat reply of those parts; ``changes`` replace fields of it, such as ``candidates`` by none."""
    body = {
        "candidates": [
            {
                "content": {
                    "role": "model",
                    "parts": [{"text": text} if isinstance(text, str) else text for text in texts],
                },
                "finishReason": finish,
            }
        ],
        "usageMetadata": {
            "promptTokenCount": tokens[0],
            "candidatesTokenCount": tokens[1],
            "totalTokenCount": sum(tokens),
        },
        "modelVersion": "gemini-3.5-flash",
        "responseId": "a-reply",
    }
    return Refusal(200, {**body, **changes})


class GeminiStandIn:
    """Answers with a vector for each content and "hello" in chat, or the next of ``refusals``, or as ``behave``."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.refusals: list[Refusal] = []
        self.behave: Callable[[Request], Refusal] | None = None
        self.width: int | None = None  # of the vectors; None is what was asked for
        self.seconds = 0.0  # how long each answer takes
        self.busiest = 0  # requests under way at once, at most
        self._under_way = 0
        self._lock = threading.Lock()
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: Any) -> None:
                pass

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                answer = stand_in.answer(self.path, {k.lower(): v for k, v in self.headers.items()}, body)
                if "streamGenerateContent" in self.path and answer.code == 200:
                    self.stream(answer)
                    return
                content = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
                self.send_response(answer.code)
                for name, value in {"Content-Type": "application/json", **answer.headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def stream(self, answer: Refusal) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.send_header("Connection", "close")
                self.end_headers()
                self.close_connection = True
                try:
                    for n, event in enumerate(_events(answer.body)):
                        if n == answer.events:
                            return
                        time.sleep(answer.pause if n else 0)
                        self.wfile.write(b"data: " + json.dumps(event).encode() + b"\r\n\r\n")
                        self.wfile.flush()
                except ConnectionError:
                    pass  # the client has heard enough

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def contents(self) -> list[list[tuple[str | bytes, str]]]:
        """All contents of all requests."""
        return [content for request in self.requests for content in request.contents]

    def answer(self, path: str, headers: dict[str, str], body: dict[str, Any]) -> Refusal:
        with self._lock:
            self._under_way += 1
            self.busiest = max(self.busiest, self._under_way)
            refusal = self.refusals.pop(0) if self.refusals else None
            request = _read(path, headers, _camel(body))
            if request:
                self.requests.append(request)
        time.sleep(refusal.seconds if refusal else self.seconds)
        with self._lock:
            self._under_way -= 1
        if request is None:
            return Refusal(404, error(404, "NOT_FOUND", f"no such method: {path}"))
        if refusal:
            return refusal
        if "enerateContent" in path:
            return self.behave(request) if self.behave else reply("hello")
        vectors = [
            {"values": vector_of(content, self.width or width).tolist()}
            for content, width in zip(request.contents, request.widths, strict=True)
        ]
        return Refusal(200, {"embedding": vectors[0]} if path.endswith(":embedContent") else {"embeddings": vectors})


def _read(path: str, headers: dict[str, str], body: dict[str, Any]) -> Request | None:
    if not (found := _PATH.fullmatch(path)):
        return None
    if found[2].endswith("enerateContent"):
        said = [[_part(part) for part in content["parts"]] for content in body["contents"]]
        return Request(path, headers, body, said, [])
    entries = body["requests"] if found[2] == "batchEmbedContents" else [body]
    contents = [[_part(part) for part in entry["content"]["parts"]] for entry in entries]
    widths = [(entry.get("embedContentConfig") or entry)["outputDimensionality"] for entry in entries]
    return Request(path, headers, body, contents, widths)


def _part(part: dict[str, Any]) -> tuple[str | bytes, str]:
    if "text" in part:
        return part["text"], "text/plain"
    if "functionCall" in part:
        return json.dumps(part["functionCall"]), "call"
    if "functionResponse" in part:
        return json.dumps(part["functionResponse"]), "result"
    blob = part["inlineData"]
    return base64.urlsafe_b64decode(blob["data"].replace("+", "-").replace("/", "_")), blob["mimeType"]


def _events(body: dict[str, Any]) -> list[dict[str, Any]]:
    """A reply in pieces: its text word by word; what it cost comes with the last."""
    if not body.get("candidates"):
        return [body]
    (candidate,) = body["candidates"]
    pieces: list[dict[str, Any]] = []
    for part in candidate["content"]["parts"]:
        pieces += [{"text": word} for word in re.findall(r"\S+\s*|\s+", part["text"])] if "text" in part else [part]
    events: list[dict[str, Any]] = []
    for n, piece in enumerate(pieces or [{"text": ""}]):
        last = n + 1 >= len(pieces)
        content = {"content": {"role": "model", "parts": [piece]}, "index": 0}
        events.append(
            {**body, "candidates": [{**content, "finishReason": candidate["finishReason"]}]}
            if last
            else {"candidates": [content], "modelVersion": body["modelVersion"], "responseId": body["responseId"]}
        )
    return events


def _camel(value: Any) -> Any:
    """Field names as in the reference: clients send both inlineData and inline_data."""
    if isinstance(value, list):
        return [_camel(element) for element in value]
    if isinstance(value, dict):
        return {re.sub(r"_([a-z])", lambda m: m[1].upper(), key): _camel(inner) for key, inner in value.items()}
    return value


def vector_of(content: list[tuple[str | bytes, str]], width: int) -> np.ndarray:
    """A direction that the content alone decides, of a length other than 1."""
    seed = hashlib.sha256(repr(content).encode()).digest()
    return np.random.default_rng(list(seed)).normal(size=width) * 3
