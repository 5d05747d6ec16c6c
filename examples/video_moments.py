"""Find the second of a clip that a question is about.

python examples/video_moments.py
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from mm_agents import Library, Retriever, demo


def main() -> None:
    with TemporaryDirectory() as folder:
        media = Path(folder, "media")
        media.mkdir()
        demo.make_media(media)
        with Library.open(Path(folder, "library")) as library:
            library.add(*(media / name for name in demo.CLIPS), progress=False)
            clips = Retriever(library, "video")

            for question in ("a cup of coffee", "a cat", "a rocket"):
                hit = clips.retrieve(question, limit=1)[0]
                print(f"{question}: {hit.name} from {hit.t0:g} s to {hit.t1:g} s")
            # > a cup of coffee: morning.mp4 from 4 s to 6 s
            # > a cat: morning.mp4 from 0 s to 2 s
            # > a rocket: launch-day.mp4 from 4 s to 6 s

            evidence = hit.evidence  # what a claim about this moment rests on
            print(evidence.how, evidence.t0, evidence.t1, evidence.sha256 is not None)
            # > media 4.0 6.0 True


if __name__ == "__main__":
    main()
