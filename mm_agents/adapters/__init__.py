"""A library's tools and retrievers for other frameworks; each is thin and adds no behaviour of its own.

    from mm_agents.adapters import langchain, llama_index, mcp

    llama_index.tools(library)    # list[FunctionTool]
    langchain.tools(library)      # list[BaseTool]
    mcp.server(library)           # an MCP server

Importing these modules loads no framework; the first use of one does.
"""

from __future__ import annotations

from mm_agents.adapters import langchain, llama_index, mcp

__all__ = ["langchain", "llama_index", "mcp"]
