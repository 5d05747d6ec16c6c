"""The same agent with Gemini: it calls the tools, looks at the pictures, and its claims are still checked by code.

GOOGLE_API_KEY=… python examples/gemini.py [MODEL]

Pictures leave the machine. GOOGLE_GEMINI_BASE_URL sends them to another endpoint than Google's.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from mm_agents import Agent, Library, demo
from mm_agents.agent.events import Called, Finished, Token


def main() -> None:
    model = sys.argv[1] if len(sys.argv) > 1 else "google_genai:gemini-3.5-flash"
    with TemporaryDirectory() as folder:
        media = Path(folder, "media")
        media.mkdir()
        demo.make_media(media)
        with Library.open(Path(folder, "library")) as library:
            library.add(media, progress=False)
            agent = Agent(library, model=model)
            for event in agent.stream("What is the total of this invoice?", [media / demo.SCAN]):
                match event:
                    case Called():
                        print(f"{event.tool}(…)")
                    case Token():
                        print(event.text, end="")
                    case Finished():
                        print()
                        for claim in event.answer.claims:
                            print(claim.status, claim.why)
                        print(event.answer.cost.tokens, "tokens")
                        # > read_invoice(…)
                        # > The total is 108.00 EUR [1][2].
                        # > verified it is what was read
                        # > 2332 tokens
                    case _:
                        pass


if __name__ == "__main__":
    main()
