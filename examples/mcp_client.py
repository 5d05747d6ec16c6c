"""An MCP client that starts the server of a library, as agents' programs do, and calls it over standard input.

python examples/mcp_client.py

The same server is told to such a program in its configuration:

    {"mcpServers": {"media": {"command": "mm-agents", "args": ["mcp", "/home/me/library"]}}}
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from mm_agents import Library, demo


async def main() -> None:
    with TemporaryDirectory() as folder:
        place = Path(folder, "library")
        with Library.open(place) as library:
            library.add(*demo.make_media(Path(folder)), words="none", progress=False)
        command = ["-m", "mm_agents.cli", "mcp", str(place)]
        program = StdioServerParameters(command=sys.executable, args=command, env=dict(os.environ))
        async with Client(stdio_client(program)) as client:
            await talk(client)


async def talk(client: Client) -> None:
    tools = (await client.list_tools()).tools
    reading = [tool.name for tool in tools if tool.annotations and tool.annotations.read_only_hint]
    print(f"{len(reading)} of {len(tools)} tools only read: {reading[0]}, {reading[1]}, …")
    # > 9 of 9 tools only read: search_text, search_images, …

    found = await client.call_tool("search_images", {"query": "a pet resting", "limit": 1})
    hit = found.structured_content["hits"][0]
    print(hit["name"], [block.type for block in found.content])
    # > cat.png ['text', 'image']

    seen = await client.call_tool("describe_image", {"source": hit["id"]})
    print(seen.structured_content["pictures"][0]["classes"][0]["name"])
    # > Egyptian cat

    refused = await client.call_tool("describe_image", {"source": "/etc/passwd"})
    print(refused.is_error, [block.text for block in refused.content if block.type == "text"])
    # > True ["Neither the library nor the attachments hold '/etc/passwd'."]

    media = (await client.list_resources()).resources
    print(len(media), "resources, such as", min(resource.name for resource in media))
    # > 12 resources, such as astronaut.png


if __name__ == "__main__":
    asyncio.run(main())
