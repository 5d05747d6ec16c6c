"""Pictures, clips, texts and scans in one library; a search, a question, and an answer with its evidence.

python examples/quickstart.py
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from mm_agents import Agent, Library, demo
from mm_agents.agent.verify import verify


def main() -> None:
    with TemporaryDirectory() as folder:
        media = Path(folder, "media")
        media.mkdir()
        demo.make_media(media)  # put your own folder here
        with Library.open(Path(folder, "library")) as library:
            library.add(media, progress=False)

            for hit in library.search("a pet resting", kind="image", limit=1):
                print(hit.name)
            # > cat.png

            answer = Agent(library, model="offline").ask("How much would six brass hinges cost?")
            print(answer.text)
            # > 6 × 4.50 = 27.00 EUR for “Brass hinge”. [1]
            for source in answer.sources:
                print(source.number, source.name, source.evidence.quote, source.evidence.box)
            # > 1 scan.png 4.50 Box(x0=630, y0=386, x1=669, y1=400)
            print("still true:", verify(answer, library=library).ok)
            # > still true: True


if __name__ == "__main__":
    main()
