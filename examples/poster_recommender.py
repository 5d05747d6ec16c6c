"""Films with a vector of their story and one of their poster: search either, weigh both, and recommend.

python examples/poster_recommender.py
"""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from mm_agents import Library, demo
from mm_agents.ingest.movies import add_movies

FILMS = {
    "The Last Orbit": ("moon.png", "An astronaut alone on a station has one day to reach the moon."),
    "Nine Lives": ("cat.png", "A cat crosses the city at night to find the family that moved away."),
    "Countdown": ("rocket.jpg", "Engineers race to launch a rocket before the storm comes in."),
    "The Long Road": ("motorcycle.png", "Two brothers ride their father's motorcycle from coast to coast."),
    "House Blend": ("coffee.png", "A small coffee house fights to stay open, and two of its guests fall in love."),
}


def main() -> None:
    with TemporaryDirectory() as folder:
        posters = Path(folder, "posters")
        posters.mkdir()
        demo.make_media(posters)
        listed: list[dict[str, object]] = []
        for number, (title, (poster, story)) in enumerate(FILMS.items()):
            (posters / poster).rename(posters / f"{number}_poster{Path(poster).suffix}")
            listed.append({"id": number, "title": title, "overview": story})
        Path(folder, "films.json").write_text(json.dumps(listed), encoding="utf-8")

        with Library.open(Path(folder, "library")) as library:
            add_movies(library, Path(folder, "films.json"), posters)
            by_story = library.search("people travelling together", vector="txt_vector", limit=1)
            by_poster = library.search("an animal", vector="poster_vector", limit=1)
            print("by story:", by_story[0].name, "| by poster:", by_poster[0].name)
            # > by story: The Long Road | by poster: Nine Lives

            for hit in library.recommend(like=["Countdown"], limit=2):
                print(hit.name, [found.vector for found in hit.found_by])
            # > The Long Road ['poster_vector', 'txt_vector']
            # > The Last Orbit ['poster_vector', 'txt_vector']


if __name__ == "__main__":
    main()
