"""A library moves from a folder to a Weaviate cluster and back, and answers the same.

python examples/weaviate_cluster.py "weaviate://127.0.0.1:8080/Holiday?grpc_port=50051&replication=1"
"""

import sys
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from mm_agents import Library, demo
from mm_agents.location import open_store
from mm_agents.migration import copy


def main() -> None:
    place = sys.argv[1] if len(sys.argv) > 1 else "weaviate://127.0.0.1:8080/Holiday"
    with TemporaryDirectory() as folder:
        media = Path(folder, "media")
        media.mkdir()
        demo.make_media(media)
        with Library.open(Path(folder, "library")) as library:
            library.add(media, words="none", progress=False)
            here = [hit.name for hit in library.search("a cup of coffee", limit=3)]
        with (
            closing(open_store(str(Path(folder, "library")))) as before,
            closing(open_store(place, spec=before.spec)) as after,
        ):
            report = copy(before, after)  # reads both sides again and compares them when it is done
        print(report.copied, "records with their vectors are the same on both sides")
        # > 27 records with their vectors are the same on both sides
        with Library.open(place) as cluster:
            there = [hit.name for hit in cluster.search("a cup of coffee", limit=3)]
            print("the same answer:", there == here, there[:2])
            # > the same answer: True ['coffee.png', 'morning.mp4']


if __name__ == "__main__":
    main()
