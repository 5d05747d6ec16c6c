"""Search photographs and clips by words, by a photograph and by a clip.

python examples/animals_search.py [FOLDER of your own pictures and clips]
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from mm_agents import Library, demo


def main() -> None:
    with TemporaryDirectory() as folder:
        media = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(folder, "media")
        if len(sys.argv) == 1:
            media.mkdir()
            demo.make_media(media)
        with Library.open(Path(folder, "library")) as library:
            library.add(media, words="none", progress=False)
            print(library.count(group_by="media_type"))
            # > {'image': 8, 'text': 2, 'video': 2}

            by_words = library.search("a cat", limit=2)
            print("by words:", [hit.name for hit in by_words])
            # > by words: ['cat.png', 'morning.mp4']

            by_picture = library.search(image=media / "cat.png", kind="video", limit=1)
            for hit in by_picture:
                print(f"like the photograph: {hit.name}, {hit.t0:g} to {hit.t1:g} s")
            # > like the photograph: morning.mp4, 2 to 4 s

            by_clip = library.search(video=media / "launch-day.mp4", kind="image", limit=2)
            print("like the clip:", sorted(hit.name for hit in by_clip))
            # > like the clip: ['moon.png', 'rocket.jpg']


if __name__ == "__main__":
    main()
