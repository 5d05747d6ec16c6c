"""The LangChain side of the adapter; importing it needs the extra ``langchain``."""

from __future__ import annotations

import asyncio
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForRetrieverRun, CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.tools import BaseTool, StructuredTool, ToolException
from pydantic import Field, PrivateAttr, SkipValidation, ValidationError

from mm_agents.adapters.shared import metadata_of, plain, text_of
from mm_agents.chat import image_block, sendable
from mm_agents.errors import ToolError
from mm_agents.library import Library
from mm_agents.retriever import Retriever
from mm_agents.tools import Tool, argument_error


def to_tool(tool: Tool) -> BaseTool:
    """A tool as LangChain calls it."""

    def call(**arguments: Any) -> tuple[list[dict[str, str]], dict[str, Any]]:
        try:
            result = tool.run(**arguments)
        except ToolError as error:
            raise ToolException(str(error)) from error
        pictures = [image_block(picture.image) for picture in result.media]
        return [{"type": "text", "text": sendable(result.text)}, *pictures], plain(result.payload)

    def unfit(error: Any) -> str:
        return argument_error(tool.name, error) if isinstance(error, ValidationError) else "The arguments do not fit."

    return StructuredTool.from_function(
        call,
        name=tool.name,
        description=tool.description,
        args_schema=tool.arguments,
        infer_schema=False,
        response_format="content_and_artifact",
        handle_tool_error=True,
        handle_validation_error=unfit,
    )


class LibraryRetriever(BaseRetriever):
    """Finds one kind of media in a library, as LangChain's documents.

    Attributes:
        library: where to look.
        kind: "text", "image", "video" or "poster".
        k: how many documents, unless a call says otherwise.

    Raises:
        ConfigError: no retriever has that kind, or the library has no posters.
    """

    library: SkipValidation[Library] = Field(repr=False)
    kind: str
    k: int = Field(default=10, ge=0)

    _retriever: Retriever = PrivateAttr()

    def __init__(self, *, library: Library, kind: str, k: int = 10, **settings: Any) -> None:
        fields: dict[str, Any] = {"library": library, "kind": kind, "k": k}
        super().__init__(**fields, **settings)
        self._retriever = Retriever(library, kind)  # here its error stays what it is

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun, k: int | None = None
    ) -> list[Document]:
        return self._found(query, k)

    async def _aget_relevant_documents(
        self, query: str, *, run_manager: AsyncCallbackManagerForRetrieverRun, k: int | None = None
    ) -> list[Document]:
        return await asyncio.to_thread(self._found, query, k)

    def _found(self, query: str, k: int | None) -> list[Document]:
        hits = self._retriever.retrieve(query, limit=self.k if k is None else k)
        return [Document(id=hit.id, page_content=text_of(hit), metadata=metadata_of(hit)) for hit in hits]
