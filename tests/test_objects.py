"""The things seen in pictures: where they are, what they are called, and how they are found, filtered and counted."""

from __future__ import annotations

import os
from importlib import resources
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from mm_agents import Agent, Library, contact_sheet, filters
from mm_agents.agent.verify import verify
from mm_agents.embedders.offline import CLASSES_ALONE, CLASSES_AND_OBJECTS, OfflineEmbedder, build, colour_of, detector
from mm_agents.embedders.offline.detector import checked, handed_out
from mm_agents.embedders.offline.weights import PackagedFile
from mm_agents.errors import WeightsError
from mm_agents.ingest.objects import object_of
from mm_agents.migration import migrate
from mm_agents.types import Box, Image, SeenObject, Text


def picture(name: str) -> PIL.Image.Image:
    with resources.files("skimage.data").joinpath(name).open("rb") as file:
        return PIL.Image.open(file).convert("RGB")


@pytest.fixture(scope="module")
def astronaut() -> PIL.Image.Image:
    return picture("astronaut.png")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory, astronaut: PIL.Image.Image) -> Library:
    folder = tmp_path_factory.mktemp("objects")
    astronaut.save(folder / "portrait.png")
    trio = PIL.Image.new("RGB", (1536, 512))
    for place in range(3):
        trio.paste(astronaut, (512 * place, 0))
    trio.save(folder / "three.png")
    picture("chelsea.png").save(folder / "pet.png")
    turned = PIL.Image.Exif()
    turned[0x0112] = 6
    astronaut.transpose(PIL.Image.Transpose.ROTATE_90).save(folder / "turned.jpg", exif=turned)
    page = PIL.Image.new("RGB", (400, 600), "white")
    page.paste((10, 10, 10), (50, 50, 350, 80))
    page.save(folder / "page.png")
    library = Library.open(folder / "library")
    library.add(folder, words="none", progress=False)
    return library


def test_kinds_and_people_are_properties(library: Library) -> None:
    assert library.get("portrait.png").properties["people"] == 1
    assert library.get("three.png").properties["people"] == 3
    assert library.get("pet.png").properties["objects"] == ("cat",)
    assert library.count(where='objects contains "cat"') == 1
    assert library.count(where="people >= 3") == 1
    assert library.count(group_by="objects")["person"] == 3


def test_pages_and_pictures_without_colour_are_not_looked_at(library: Library, astronaut: PIL.Image.Image) -> None:
    assert "objects" not in library.get("page.png").properties
    grey = Image(pixels=np.asarray(astronaut.convert("L").convert("RGB")))
    assert build().embed_with_objects([grey], role="document")[1] == [None]
    rows, seen = build(CLASSES_AND_OBJECTS).embed_with_objects([grey], role="document")
    assert seen == [None]
    np.testing.assert_allclose(rows, build(CLASSES_ALONE).embed([grey], role="document"), atol=1e-6)


# ---------------------------------------------------------------- colours

PAINT = {
    "red": (200, 30, 30),
    "orange": (240, 130, 20),
    "yellow": (240, 220, 40),
    "green": (40, 140, 50),
    "blue": (40, 80, 190),
    "purple": (120, 40, 160),
    "pink": (240, 150, 170),
    "black": (20, 20, 25),
    "white": (245, 245, 240),
    "grey": (128, 130, 128),
    "brown": (110, 70, 35),
    "tan": (210, 180, 140),
}


def painted(colour: tuple[int, int, int]) -> tuple[Image, Box]:
    """A thing of that colour, with windows and shades, before a ground of noise, and where it is."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(60, 200, (240, 320, 3))
    pixels[60:180, 40:280] = np.array(colour) + rng.integers(-12, 13, (120, 240, 1))
    pixels[80:110, 60:260:40] = pixels[80:110, 61:260:40] = (30, 40, 60)
    return Image(pixels=pixels.clip(0, 255).astype(np.uint8)), Box(x0=40, y0=60, x1=280, y1=180)


@pytest.mark.parametrize("name", PAINT)
def test_the_colour_of_a_thing_is_named(name: str) -> None:
    image, box = painted(PAINT[name])
    assert colour_of(image.pixels, box) == name


def test_a_thing_of_several_colours_has_none() -> None:
    image, box = painted(PAINT["red"])
    for n, other in enumerate(("blue", "green", "yellow", "black")):
        image.pixels[:, 100 + 30 * n : 130 + 30 * n] = PAINT[other]
    assert colour_of(image.pixels, box) is None


@pytest.mark.parametrize("edges", [(0, 0, 1, 1), (319, 239, 320, 240), (0, 0, 320, 1)])
def test_a_thing_of_any_size_has_a_colour_or_none(edges: tuple[int, int, int, int]) -> None:
    image, _ = painted(PAINT["red"])
    assert colour_of(image.pixels, Box(x0=edges[0], y0=edges[1], x1=edges[2], y1=edges[3])) in (*PAINT, None)


def test_a_thing_is_found_by_its_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("red", "blue", "yellow", "white")
    drawn = [painted(PAINT[name]) for name in names]
    bus = (SeenObject(label="bus", score=0.8, box=drawn[0][1]),)
    monkeypatch.setattr(detector.Detector, "detect", lambda self, pixels: bus)
    embedder = build()
    asked = embedder.embed([Text(text=f"a {name} bus") for name in names], role="query")
    cosines = asked @ embedder.embed([image for image, _ in drawn], role="document").T
    assert cosines.argmax(axis=1).tolist() == [0, 1, 2, 3]


# ---------------------------------------------------------------- in a library


def test_boxes_are_in_pixels_of_the_picture_as_stored(library: Library) -> None:
    upright, turned = (object_of(library.objects(library.get(name).id)[0]) for name in ("portrait.png", "turned.jpg"))
    assert upright.label == turned.label == "person"
    height = 512  # a quarter turn clockwise brings (x, y) of the stored picture to (512 - y, x)
    back = (height - turned.box.y1, turned.box.x0, height - turned.box.y0, turned.box.x1)
    place = (upright.box.x0, upright.box.y0, upright.box.x1, upright.box.y1)
    assert np.abs(np.subtract(back, place)).max() < 25


def test_a_hit_says_which_thing_it_was_found_by(library: Library) -> None:
    (hit,) = library.search("a kitten", limit=1)
    assert hit.name == "pet.png"
    assert hit.object is not None
    assert hit.object.label == "cat"
    assert hit.object.box.x1 > hit.object.box.x0
    assert all(hit.object is None for hit in library.search("a bank account", limit=3))


def test_a_contact_sheet_shows_the_thing(library: Library) -> None:
    hits = library.search("a kitten", limit=1)
    plain = contact_sheet.page("pets", [contact_sheet.Panel(title="pets", hits=hits)], lambda hit: None)
    boxed = contact_sheet.page("pets", [contact_sheet.Panel(title="pets", hits=hits)], library.path)
    assert "cat 0." in boxed
    first = [page.split('<img alt="pet.png" src="')[1].split('"')[0] for page in (plain, boxed)]
    assert first[0] != first[1]


def test_things_are_no_segments_and_go_with_their_picture(library: Library) -> None:
    id = library.get("three.png").id
    assert library.parts(id) == []
    assert [part.properties["object"] for part in library.objects(id)].count("person") == 3
    assert library.search("three.png", limit=1)[0].part is None


def test_an_older_library_keeps_its_vectors(tmp_path: Path, astronaut: PIL.Image.Image) -> None:
    astronaut.save(tmp_path / "portrait.png")
    with Library.open(tmp_path / "library", embedder=build(CLASSES_ALONE)) as library:
        library.add(tmp_path / "portrait.png", words="none", progress=False)
    for name in (None, "offline"):
        with Library.open(tmp_path / "library", embedder=name) as library:
            assert library.routes.describe()["media"] == f"offline:{CLASSES_ALONE}"
            assert library.search("a person", limit=1)[0].object is None
            assert "objects" not in library.get("portrait.png").properties


def test_the_box_of_what_a_picture_was_found_by_is_drawn(library: Library, tmp_path: Path) -> None:
    (hit,) = [one for one in library.search("a cat") if one.name == "pet.png"]
    assert hit.object is not None
    assert (hit.evidence.box, hit.evidence.confidence) == (hit.object.box, hit.object.score)
    assert hit.evidence.how.endswith("; cat seen")
    panels = [contact_sheet.Panel(title="a cat", hits=[hit])]
    drawn, plain = (
        np.asarray(contact_sheet.picture(panels, locate), np.int16) for locate in (library.path, lambda hit: None)
    )
    blue = np.abs(drawn - (9, 105, 218)).max(axis=2) < 60
    assert blue.sum() > 100 > (np.abs(plain - (9, 105, 218)).max(axis=2) < 60).sum()
    answer = Agent(library, model="offline").ask("show me the cat")
    assert answer.sources[0].evidence.box == hit.object.box
    assert verify(answer, library=library).ok
    assert "cat seen" in answer.report(tmp_path / "report.html").read_text()


def test_a_number_of_people_may_be_a_digit(library: Library) -> None:
    answer = Agent(library, model="offline").ask("How many pictures show at least 3 people?")
    assert "three people" in answer.text
    assert verify(answer, library=library).ok


def things(library: Library, name: str) -> list[tuple[SeenObject, object]]:
    return [(object_of(part), part.properties.get("t0")) for part in library.objects(library.get(name).id)]


def test_migrating_an_older_library_adds_its_objects(tmp_path: Path, library: Library) -> None:
    folder = library.root.parent if library.root is not None else tmp_path
    added = [folder / name for name in ("portrait.png", "three.png", "pet.png", "turned.jpg", "page.png")]
    with Library.open(tmp_path / "library", embedder=build(CLASSES_ALONE)) as older:
        older.add(*added, words="none", progress=False)
        before = older.get("pet.png").vectors
        assert migrate(older, build(), name="media_v2").switched
        assert older.count(where="people >= 3") == 1
        for record in library.iterate():
            migrated = older.get(record.name)
            assert migrated.properties.get("objects") == record.properties.get("objects")
            assert things(older, record.name) == things(library, record.name)
        assert older.get("pet.png").vectors.keys() >= before.keys()
        again = migrate(older, build(), name="media_v2")
        assert (again.filled, again.unchanged) == (0, 5)


def test_migrating_an_older_clip_adds_the_objects_of_its_segments(tmp_path: Path, astronaut: PIL.Image.Image) -> None:
    av = pytest.importorskip("av", reason="pip install 'mm-agents[local]'")
    with av.open(tmp_path / "portrait.mp4", "w") as container:
        stream = container.add_stream("libx264", rate=5)
        stream.width, stream.height, stream.pix_fmt = 256, 256, "yuv420p"
        for _ in range(20):
            container.mux(stream.encode(av.VideoFrame.from_image(astronaut.resize((256, 256)))))
        container.mux(stream.encode())
    with Library.open(tmp_path / "library", embedder=build(CLASSES_ALONE)) as older:
        older.add(tmp_path / "portrait.mp4", words="none", speech="none", progress=False)
        assert migrate(older, build(), name="media_v2").switched
        record = older.get("portrait.mp4")
        with Library.open(tmp_path / "newer") as newer:
            newer.add(tmp_path / "portrait.mp4", words="none", speech="none", progress=False)
            assert record.properties["people"] == newer.get("portrait.mp4").properties["people"] == 1
            assert things(older, "portrait.mp4") == things(newer, "portrait.mp4")


def test_a_damaged_model_is_a_typed_error(monkeypatch: pytest.MonkeyPatch) -> None:
    damaged = PackagedFile(
        requirement="mm-agents",
        package="mm_agents.embedders",
        path="_assets/objects.tsv",
        sha256=detector.DETECTOR.sha256,
    )
    monkeypatch.setattr(detector, "DETECTOR", damaged)
    with pytest.raises(WeightsError, match="SHA-256"):
        OfflineEmbedder(threads=3).embed(  # nothing else loads a detector of three threads
            [Image(pixels=np.random.default_rng(1).integers(0, 255, (64, 64, 3), np.uint8))], role="document"
        )


def test_tiny_and_narrow_pictures_have_no_objects_or_whole_boxes() -> None:
    noise = np.random.default_rng(2).integers(0, 255, (900, 900, 3), np.uint8)
    pictures = [Image(pixels=noise[:1, :1]), Image(pixels=noise[:2, :]), Image(pixels=noise[:, :3])]
    for image, seen in zip(pictures, build().embed_with_objects(pictures, role="document")[1], strict=True):
        height, width, _ = image.pixels.shape
        assert all(0 <= one.box.x0 < one.box.x1 <= width and one.box.y1 <= height for one in seen or ())


@pytest.mark.parametrize(
    ("kind", "score", "shown"),
    [
        *[("dog", 0.46, True), ("person", 0.46, True), ("dog", 0.44, False)],
        *[("car", 0.48, False), ("car", 0.5, True), ("truck", 0.52, True)],
        *[("cell phone", 0.56, False), ("kite", 0.55, False), ("bench", 0.61, True)],
    ],
)
def test_a_kind_is_shown_from_the_score_from_which_its_like_are_there(
    tmp_path: Path, astronaut: PIL.Image.Image, monkeypatch: pytest.MonkeyPatch, kind: str, score: float, shown: bool
) -> None:
    seen = SeenObject(label=kind, score=score, box=Box(x0=10, y0=10, x1=90, y1=90))
    monkeypatch.setattr(detector.Detector, "detect", lambda self, pixels: (seen,))
    monkeypatch.setattr("mm_agents.embedders.offline.checked", lambda objects, probabilities: objects)
    astronaut.save(tmp_path / "one.png")
    with Library.open(tmp_path / "library") as library:
        library.add(tmp_path / "one.png", words="none", progress=False)
        assert library.count(where=f'objects contains "{kind}"') == shown


def test_what_is_not_shown_still_counts_for_the_vector(
    astronaut: PIL.Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = Image(pixels=np.asarray(astronaut))
    vectors: list[np.ndarray] = []
    for objects in ((), (SeenObject(label="car", score=0.4, box=Box(x0=10, y0=10, x1=90, y1=90)),)):
        monkeypatch.setattr(detector.Detector, "detect", lambda self, pixels, seen=objects: seen)
        found, shown = OfflineEmbedder().embed_with_objects([image], role="document")
        vectors.append(found[0])
        assert shown == [()]
    assert not np.allclose(vectors[0], vectors[1])


def test_a_background_that_looks_like_a_car_is_not_counted(data: Path, tmp_path: Path) -> None:
    with Library.open(tmp_path / "library") as library:
        names = (
            "1463732807_0cdf4f22c7.jpg",
            "1142847777_2a0c1c2551.jpg",
        )  # flowers behind a swing, cars behind a bicycle
        library.add(*(data / "photos" / name for name in names), words="none", progress=False)
        answer = Agent(library, model="offline").ask("How many pictures show a car?")
        assert "There is 1 picture that shows a car." in answer.text
        assert answer.sources[0].name == names[1]


@pytest.mark.parametrize(
    ("question", "said", "sources"),
    [
        ("How many pictures show a cat?", "There is 1 picture that shows a cat.", 1),
        ("How many pictures show at least 3 people?", "There is 1 picture that shows at least three people.", 3),
        ("Pictures with three or more people", "- three.png: 3 people", 3),
    ],
)
def test_questions_count_what_is_seen(library: Library, question: str, said: str, sources: int) -> None:
    answer = Agent(library, model="offline").ask(question)
    assert said in answer.text
    assert answer.outcome == "answered"
    assert answer.claims[0].kind == "seen"
    assert len(answer.sources) == sources
    assert all(one.evidence.box is not None and (one.evidence.confidence or 0) >= 0.45 for one in answer.sources)
    assert verify(answer, library=library).ok


def test_what_no_picture_shows_is_counted_as_none(library: Library) -> None:
    answer = Agent(library, model="offline").ask("How many pictures show a toaster?")
    assert "No pictures that show a toaster were found here." in answer.text
    assert answer.outcome == "not_found"


def test_nothing_is_counted_where_nothing_was_looked_for(tmp_path: Path, astronaut: PIL.Image.Image) -> None:
    astronaut.save(tmp_path / "portrait.png")
    with Library.open(tmp_path / "library", embedder=build(CLASSES_ALONE)) as library:
        library.add(tmp_path / "portrait.png", words="none", progress=False)
        answer = Agent(library, model="offline").ask("How many pictures show a person?")
    assert "were found here" not in answer.text
    assert all(claim.kind != "seen" for claim in answer.claims)


def test_animals_are_seen_in_photographs_and_clips(tmp_path: Path) -> None:
    data = os.environ.get("MM_AGENTS_TEST_DATA")
    if data is None:
        pytest.skip("MM_AGENTS_TEST_DATA is not set")
    with Library.open(tmp_path / "library") as library:
        library.add(Path(data) / "animals", words="none", progress=False)
        cats = {record.name for record in library.iterate(where=filters.parse('objects contains "cat"'))}
        assert {"cat1.jpg", "cat2.jpg", "cat3.jpg"} <= cats
        clip = library.get("cat-clean.mp4")
        things = library.objects(clip.id)
        assert things
        assert all("t0" in part.properties for part in things)
        assert len(library.parts(clip.id)) == clip.properties["segments"]


def seen(label: str) -> SeenObject:
    return SeenObject(label=label, score=0.7, box=Box(x0=0, y0=0, x1=9, y1=9))


@pytest.mark.parametrize(
    ("named", "classes", "labels"),
    [
        ("cat", {299: 0.9}, []),  # a meerkat
        ("bear", {160: 0.4, 230: 0.4}, ["dog"]),  # two breeds
        ("cat", {281: 0.5, 299: 0.4}, ["cat"]),
        ("cat", {299: 0.4, 609: 0.5}, ["cat"]),  # perhaps no animal at all
        ("cow", {340: 0.9}, ["cow"]),  # a zebra is near enough to one
        ("car", {299: 0.9}, ["car"]),
    ],
)
def test_an_animal_that_the_classifier_knows_better_is_named_by_it(
    named: str, classes: dict[int, float], labels: list[str]
) -> None:
    probabilities = np.full(1000, 1e-4, np.float32)
    for row, share in classes.items():
        probabilities[row] = share
    found = checked([seen("person"), seen(named)], probabilities)
    assert [one.label for one in found] == ["person", *labels]


def test_a_vehicle_that_fills_a_picture_without_classes_of_vehicles_is_not_handed_out() -> None:
    box = seen("car").box
    height, width = 2 * (box.y1 - box.y0), box.x1 - box.x0  # of which it fills half
    probabilities = np.zeros(1000, np.float32)
    probabilities[482] = 0.9  # a cassette player
    assert handed_out([seen("car"), seen("dog")], probabilities, (height, width)) == (seen("dog"),)
    assert len(handed_out([seen("car")], probabilities, (10 * height, width))) == 1  # it may be behind something else
    probabilities[817] = 0.1  # a sports car
    assert len(handed_out([seen("car")], probabilities, (height, width))) == 1
    assert len(handed_out([seen("car")], None, (height, width))) == 1


def test_a_second_animal_stays_where_the_classifier_knows_the_first() -> None:
    probabilities = np.zeros(1000, np.float32)
    probabilities[160] = 0.9
    assert [one.label for one in checked([seen("dog"), seen("horse")], probabilities)] == ["dog", "horse"]
