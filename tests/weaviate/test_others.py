"""Collections that something else made, on a real server: searched as they are, never written."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from mm_agents import Library
from mm_agents.errors import ConfigError, FilterError, SchemaMismatchError, StoreError
from mm_agents.filters import parse
from mm_agents.location import open_store
from mm_agents.migration import copy
from mm_agents.protocols import VectorizingStore
from mm_agents.stores import local
from mm_agents.stores.weaviate import from_client
from mm_agents.types import CollectionSpec, Record, VectorSpec

if TYPE_CHECKING:
    from weaviate import WeaviateClient

    from mm_agents.stores.weaviate.external import ForeignStore

FILMS = [
    ("Alien", "In space no one can hear you scream", 1979, 8.1, [1.0, 0.0, 0.0], [1.0, 0.0]),
    ("Aliens", "This time it is war", 1986, 7.9, [0.8, 0.6, 0.0], [0.0, 1.0]),
    ("Amelie", "She will change your life", 2001, 7.9, [0.0, 1.0, 0.0], None),
    ("Up", "Adventure is out there", 2009, 8.3, None, None),
]


def uid(n: int) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, str(n)))


def opened(client: WeaviateClient, name: str) -> ForeignStore:
    from mm_agents.stores.weaviate.external import ForeignStore

    store = from_client(client, name)
    assert isinstance(store, ForeignStore)
    return store


def names(found: Any) -> list[str]:
    return [match.record.name for match in found]


@pytest.fixture
def movies(client: WeaviateClient, fresh_name: Callable[[], str]) -> str:
    """As a course makes it: a text and a picture vector, a blob, no index of what is absent."""
    from weaviate.classes.config import Configure, DataType, Property
    from weaviate.classes.data import DataObject

    name = fresh_name()
    types = {"overview": "TEXT", "release_year": "INT", "vote_average": "NUMBER", "poster": "BLOB", "seen": "BOOL"}
    made = client.collections.create(
        name,
        properties=[Property(name="title", data_type=DataType.TEXT)]
        + [Property(name=one, data_type=DataType[kind]) for one, kind in types.items()],
        vector_config=[
            Configure.Vectors.self_provided(name="txt_vector"),
            Configure.Vectors.multi2vec_google_gemini(
                name="poster_vector", model="gemini-embedding-2", image_fields=["poster"]
            ),
        ],
    )
    objects = [
        DataObject(
            uuid=uid(n),
            properties={"title": title, "overview": overview, "release_year": year, "vote_average": vote, "seen": n > 1}
            | ({"poster": "aGVsbG8="} if poster else {}),
            vector={key: row for key, row in (("txt_vector", text), ("poster_vector", poster or [0.6, 0.8])) if row},
        )
        for n, (title, overview, year, vote, text, poster) in enumerate(FILMS)
    ]
    assert not made.data.insert_many(objects).errors
    return name


def test_a_course_collection_is_searched_as_it_is(client: WeaviateClient, movies: str) -> None:
    store = opened(client, movies)
    assert {one.name: (one.width, one.embedder) for one in store.spec.vectors} == {
        "txt_vector": (3, None),
        "poster_vector": (2, None),
    }
    found = store.search(vector=np.array([2, 0, 0], np.float32), using="txt_vector")
    assert names(found) == ["Alien", "Aliens", "Amelie"]
    assert [match.score for match in found] == pytest.approx([1, 0.8, 0], abs=1e-6)
    record = found[0].record
    assert record.id == uid(0)
    assert record.parent is None
    assert record.thumbnail is None
    assert record.text == "Alien\nIn space no one can hear you scream"
    assert dict(record.properties) == {
        "name": "Alien",
        "title": "Alien",
        "overview": "In space no one can hear you scream",
        "release_year": 1979,
        "vote_average": 8.1,
        "seen": False,
    }
    assert set(names(store.search(text="SCREAM adventure"))) == {"Alien", "Up"}
    assert store.search(text="?!") == []
    both = store.search(vector=np.array([0, 1, 0], np.float32), using="txt_vector", text="war", limit=2)
    assert names(both) == ["Aliens", "Amelie"]
    assert store.count() == 4
    assert [r.id for r in store.iterate()] == sorted(map(uid, range(4)))
    assert store.get([uid(2)], with_vectors=True)[uid(2)].vectors["txt_vector"].tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ('title = "Alien"', {"Alien"}),
        ('name = "alien"', {"Alien"}),
        ('title != "Alien"', {"Aliens", "Amelie", "Up"}),
        ('title in ["Up", "Amelie"]', {"Up", "Amelie"}),
        ("release_year > 1985.5", {"Aliens", "Amelie", "Up"}),
        ("release_year = 1979.0", {"Alien"}),
        ("release_year <= 1986", {"Alien", "Aliens"}),
        ("vote_average >= 8.1 and not seen = true", {"Alien"}),
        ('title contains "lie"', {"Alien", "Aliens", "Amelie"}),
        ('title = 7 or release_year = "x"', set()),
        ("nothing exists or parent exists", set()),
        (f'id = "{uid(3)}"', {"Up"}),
        (f'id != "{uid(3)}" and id exists', {"Alien", "Aliens", "Amelie"}),
    ],
)
def test_filters_reach_as_far_as_the_server(
    client: WeaviateClient, movies: str, expression: str, expected: set[str]
) -> None:
    store = opened(client, movies)
    assert {record.name for record in store.iterate(where=parse(expression))} == expected
    assert store.count(where=parse(expression)) == len(expected)
    assert set(names(store.search(text="alien aliens amelie up", where=parse(expression)))) == expected


def test_filters_that_the_server_cannot_answer_say_so(client: WeaviateClient, movies: str) -> None:
    store = opened(client, movies)
    with pytest.raises(FilterError, match=r"seen.*indexNullState"):
        store.count(where=parse("seen exists"))
    with pytest.raises(FilterError, match="only be equal"):
        store.count(where=parse('id < "a"'))


def test_groups_are_counted_without_an_index_of_what_is_absent(client: WeaviateClient, movies: str) -> None:
    store = opened(client, movies)
    assert store.count(group_by="vote_average") == {"7.9": 2, "8.1": 1, "8.3": 1}
    assert store.count(group_by="release_year", where=parse("seen = true")) == {"2001": 1, "2009": 1}
    assert store.count(group_by="nothing") == {"": 4}


def test_nothing_is_written_to_it(client: WeaviateClient, movies: str, tmp_path: Path) -> None:
    store = opened(client, movies)
    refused: list[Callable[[], object]] = [
        lambda: store.upsert([Record(id=uid(9))]),
        lambda: store.delete([uid(0)]),
        lambda: store.restore(tmp_path),
        lambda: store.extend(store.spec),
    ]
    for write in refused:
        with pytest.raises(StoreError, match="not made by mm_agents"):
            write()
    assert store.count() == 4


def test_it_can_be_copied(client: WeaviateClient, movies: str, tmp_path: Path) -> None:
    """By its backup, a library on disk."""
    opened(client, movies).backup(tmp_path / "copy")
    with local.LocalStore.open(tmp_path / "copy") as copy:
        assert {one.name: one.width for one in copy.spec.vectors} == {"txt_vector": 3, "poster_vector": 2}
        assert copy.count() == 4
        found = copy.search(vector=np.array([1, 0, 0], np.float32), using="txt_vector")
        assert names(found) == ["Alien", "Aliens", "Amelie"]


def test_the_servers_vectorizers_are_known(client: WeaviateClient, movies: str) -> None:
    """A search by text goes to the server, whose refusal, for want of a key, is told."""
    store = opened(client, movies)
    assert isinstance(store, VectorizingStore)
    assert store.vectorizers == {"poster_vector": "multi2vec-palm"}
    with pytest.raises(StoreError, match=r"(?i)api key"):
        store.search_by_text("a ship in space", using="poster_vector")
    with pytest.raises(ConfigError, match=r"txt_vector.*no vectorizer.*poster_vector"):
        store.search_by_text("a ship in space", using="txt_vector")
    with pytest.raises(ConfigError, match="no vector named 'x'"):
        store.search_by_text("a ship in space", using="x")


def test_the_width_is_read_when_there_is_something_to_read(
    client: WeaviateClient, fresh_name: Callable[[], str]
) -> None:
    from weaviate.classes.config import Configure
    from weaviate.classes.data import DataObject

    name = fresh_name()
    made = client.collections.create(name, vector_config=[Configure.Vectors.self_provided(name="v")])
    store = opened(client, name)
    query = np.array([1, 0, 0], np.float32)
    assert store.spec == CollectionSpec(name=name, vectors=(VectorSpec(name="v", width=0),))
    assert store.search(vector=query, using="v") == []
    made.data.insert_many([DataObject(uuid=uid(1), properties={"title": "x"}, vector={"v": [1.0, 0.0, 0.0]})])
    assert names(store.search(vector=query, using="v")) == ["x"]
    assert store.spec.vector("v").width == 3
    with pytest.raises(SchemaMismatchError, match=r"\(2,\).*\(3,\)"):
        store.search(vector=query[:2], using="v")


def test_kinds_are_known_by_another_name_and_long_vectors_are_copied(
    client: WeaviateClient, fresh_name: Callable[[], str], tmp_path: Path
) -> None:
    """As a course fills its collection of animals: "mediaType", and vectors that are not unit."""
    from weaviate.classes.config import Configure, DataType, Property
    from weaviate.classes.data import DataObject

    name = fresh_name()
    made = client.collections.create(
        name,
        properties=[Property(name=one, data_type=DataType.TEXT) for one in ("name", "path", "mediaType")],
        vector_config=Configure.Vectors.self_provided(),
    )
    rng = np.random.default_rng(0)
    rows = [(3 * rng.normal(size=1408)).tolist() for _ in range(4)]
    kinds = ("image", "image", "video", "image")
    made.data.insert_many(
        [
            DataObject(uuid=uid(n), properties={"name": f"a{n}", "mediaType": kind}, vector=row)
            for n, (kind, row) in enumerate(zip(kinds, rows, strict=True))
        ]
    )
    library = Library(opened(client, name))
    assert library.count(group_by="media_type") == {"image": 3, "video": 1}
    assert [hit.name for hit in library.search("a2", kind="video")] == ["a2"]
    assert library.get("a2").media_type == "video"
    assert library.routes.unknown() == ("default",)
    with closing(open_store(tmp_path / "copy", spec=library.store.spec)) as target:
        assert copy(library.store, target).copied == 4
        assert copy(library.store, target).unchanged == 4


def test_a_copy_through_every_store_is_equal(
    client: WeaviateClient, fresh_name: Callable[[], str], server: str, tmp_path: Path
) -> None:
    """Theirs, with vectors that are not unit, to a folder, to a server, to Lance and to a folder again."""
    from weaviate.classes.config import Configure, DataType, Property
    from weaviate.classes.data import DataObject

    pytest.importorskip("lancedb", reason="pip install 'mm-agents[lance]'")
    name = fresh_name()
    collection = client.collections.create(
        name,
        properties=[Property(name=one, data_type=DataType.TEXT) for one in ("name", "path", "mediaType")],
        vector_config=Configure.Vectors.self_provided(),
    )
    rows = {uid(n): (n + 1) * np.random.default_rng(n).normal(size=1408) for n in range(5)}
    for n, (id, row) in enumerate(rows.items()):
        kind = {"name": f"a{n}.jpg", "path": f"./source/a{n}.jpg", "mediaType": ("image", "video")[n % 2]}
        collection.data.insert_many([DataObject(uuid=id, properties=kind, vector=row.tolist())])
    places = [tmp_path / "one", server.format(fresh_name()), f"lance://{tmp_path / 'lance'}", tmp_path / "two"]
    source: Any = opened(client, name)
    for place in places:
        with closing(open_store(place, spec=source.spec)) as target:
            report, again = copy(source, target), copy(source, target)
            assert (report.copied, again.copied, again.unchanged) == (5, 0, 5)
            assert report.checksum == again.checksum
        source.close()
        source = open_store(place)
    with closing(open_store(places[0])) as first, closing(source) as last:
        before, after = (list(store.iterate(with_vectors=True, parts=True)) for store in (first, last))
    assert [(one.id, one.properties, one.text) for one in after] == [
        (one.id, one.properties, one.text) for one in before
    ]
    for record in after:
        (row,) = record.vectors.values()
        wanted = rows[record.id]
        assert float(row @ wanted) / float(np.linalg.norm(wanted) * np.linalg.norm(row)) == pytest.approx(1, abs=1e-5)
        assert record.media_type == ("image", "video")[int(record.name[1]) % 2]


def test_a_legacy_collection_has_one_vector(client: WeaviateClient, fresh_name: Callable[[], str]) -> None:
    """Named "default"; as frameworks make it by a schema in JSON, with values of every type."""
    from weaviate.classes.data import DataObject

    name = fresh_name()
    types = "text int number boolean date uuid text[] int[] date[] geoCoordinates phoneNumber".split()
    properties: list[dict[str, Any]] = [{"name": f"p{n}", "dataType": [one]} for n, one in enumerate(types)]
    properties.append(
        {"name": "inner", "dataType": ["object"], "nestedProperties": [{"name": "a", "dataType": ["int"]}]}
    )
    properties.append({"name": "code", "dataType": ["text"], "tokenization": "field", "indexSearchable": False})
    client.collections.create_from_dict(
        {"class": name, "vectorizer": "none", "properties": properties, "vectorIndexConfig": {"distance": "dot"}}
    )
    from weaviate.classes.data import GeoCoordinate, PhoneNumber

    day = datetime(2026, 1, 31, tzinfo=UTC)
    values = [
        "A text",
        3,
        2.5,
        True,
        day,
        uuid.UUID(int=7),
        ["x", "y"],
        [1, 2],
        [day],
        GeoCoordinate(latitude=1, longitude=2),
    ]
    filled = {f"p{n}": value for n, value in enumerate(values)} | {"inner": {"a": 1}, "code": "A b"}
    filled["p10"] = PhoneNumber(number="+49 30 1234567")
    client.collections.use(name).data.insert(filled, uuid=uid(1), vector=[1.0, 2.0])
    client.collections.use(name).data.insert_many([DataObject(uuid=uid(2), properties={}, vector=[2.0, 0.0])])
    store = opened(client, name)
    assert store.spec.vectors == (VectorSpec(name="default", width=2),)
    found = store.search(vector=np.array([1, 1], np.float32), using="default")
    assert [(match.record.id, match.score) for match in found] == [(uid(1), 3), (uid(2), 2)]
    kept = dict(found[0].record.properties)
    assert kept.pop("p9") == "1.0,2.0"
    assert kept.pop("p10") == "+49 30 1234567"
    assert kept == {
        "p0": "A text",
        "p1": 3,
        "p2": 2.5,
        "p3": True,
        "p4": "2026-01-31T00:00:00Z",
        "p5": str(uuid.UUID(int=7)),
        "p6": ("x", "y"),
        "p7": ("1", "2"),
        "p8": ("2026-01-31T00:00:00Z",),
        "inner": '{"a": 1}',
        "code": "A b",
    }
    assert found[0].record.text == "A text\nx\ny"
    for expression, count in [
        ('p4 = "2026-01-31"', 1),
        ('p4 > "2026-01-31T01:00:00+02:00"', 1),
        ('p4 > "2026-02-01"', 0),
        (f'p5 = "{uuid.UUID(int=7)}"', 1),
        ('p6 contains "x"', 1),
        ("p3 = true", 1),
        ('code = "A b"', 1),
        ('code = "a b"', 0),
        ("not p1 = 3", 1),
    ]:
        assert store.count(where=parse(expression)) == count, expression
    assert store.count(group_by="p4") == {"": 1, "2026-01-31T00:00:00Z": 1}
    assert store.count(group_by="p6") == {"": 1, "x": 1, "y": 1}
    with pytest.raises(FilterError, match="geoCoordinates"):
        store.count(where=parse('p9 = "1,2"'))
    with pytest.raises(FilterError, match="dates"):
        store.count(where=parse('p4 = "yesterday"'))


def test_the_schema_says_which_properties_a_library_can_be_asked_for(client: WeaviateClient, movies: str) -> None:
    with Library(opened(client, movies)) as library:
        assert library.count(where="release_year < 1980") == 1
        assert library.count(group_by="seen") == {"false": 2, "true": 2}
        with pytest.raises(FilterError, match=r"named 'year'\. Known: .*overview, .*release_year"):
            library.count(where="year < 1980")
