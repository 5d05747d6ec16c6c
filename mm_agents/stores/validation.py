"""What every store refuses, whatever it is built on. Stores of this room import it; so may those of other packages."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, cast, get_args

import numpy as np

from mm_agents import filters
from mm_agents.errors import ConfigError, EmbedderMismatchError, SchemaMismatchError
from mm_agents.types import CollectionSpec, Filter, Record, Value, VectorRole, VectorSpec

if TYPE_CHECKING:
    from mm_agents.types import FloatArray

UNIT_TOLERANCE = 1e-3
"""A vector this near to length 1 is kept as it is; any other is divided by its length."""

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def check_records(records: Iterable[Record], spec: CollectionSpec) -> list[Record]:
    """Check records before anything is written.

    Returns:
        The records with unit float32 vectors that cannot be written to, and properties of their own.

    Raises:
        SchemaMismatchError: a vector has an unknown name, the wrong width, a non-finite number or no length.
        ConfigError: an id is not a UUID or stands twice, or a property cannot be kept.
    """
    checked: dict[str, Record] = {}
    for record in records:
        _check_id(record.id, "id")
        if record.parent is not None:
            _check_id(record.parent, "parent")
        if record.id == record.parent:
            raise ConfigError(f"Record {record.id!r} is its own parent.")
        if record.id in checked:
            raise ConfigError(f"The id {record.id!r} stands twice in one call. Give each record an id of its own.")
        for name, value in record.properties.items():
            _check_property(record.id, name, value)
        _check_text(record.id, "text", record.text)
        if not isinstance(cast(object, record.thumbnail), bytes | None):
            raise ConfigError(f"Record {record.id!r}: the thumbnail is a {type(record.thumbnail).__name__}, not bytes.")
        vectors = {name: _record_vector(record.id, name, vector, spec) for name, vector in record.vectors.items()}
        checked[record.id] = replace(record, properties=dict(record.properties), vectors=vectors)
    return list(checked.values())


def check_search(
    vector: FloatArray | None, using: str | None, text: str | None, where: Filter | None, limit: int, offset: int
) -> None:
    """ConfigError where a search has neither vector nor text, a negative limit or offset, or a wrong filter."""
    if vector is None and text is None:
        raise ConfigError("Nothing to search for: give a vector, a text, or both.")
    if (vector is None) != (using is None):
        raise ConfigError("`vector` and `using`, the name of the vector to search, go together.")
    if limit < 0 or offset < 0:
        raise ConfigError(f"limit and offset count hits and cannot be negative; got {limit} and {offset}.")
    if where is not None:
        filters.check(where)


def check_count(group_by: str | None, where: Filter | None) -> None:
    """Check what a count is given.

    Raises:
        ConfigError: ``group_by`` cannot be a property's name, or the filter is wrong.
    """
    if group_by is not None and not filters.is_name(group_by):
        raise ConfigError(f"group_by names a property (letters, digits, '_' and '.'); got {group_by!r}.")
    if where is not None:
        filters.check(where)


def existing_ids(ids: Sequence[str]) -> list[str]:
    """The ids that some record could have, each once, in order.

    Raises:
        ConfigError: a lone string was given for a list of ids.
    """
    if isinstance(ids, str):
        raise ConfigError(f"Give a list of ids, such as [{ids!r}], not one string.")
    return [id for id in dict.fromkeys(ids) if is_id(id)]


def is_id(id: object) -> bool:
    """Whether a record can have this id."""
    return isinstance(id, str) and _ID.fullmatch(id) is not None


def check_same_spec(kept: CollectionSpec, asked: CollectionSpec, place: str) -> None:
    """Check that a collection is of the shape that is asked for.

    Raises:
        SchemaMismatchError: its vectors have other names or widths.
        EmbedderMismatchError: its vectors were made by other embedders.
    """
    widths, wanted = ({vector.name: vector.width for vector in spec.vectors} for spec in (kept, asked))
    if widths != wanted:
        raise SchemaMismatchError(f"The collection at {place!r} has the vectors {widths}, not {wanted}.")
    for vector in asked.vectors:
        known = kept.vector(vector.name).embedder
        if known != vector.embedder:
            raise EmbedderMismatchError(
                f"Vector {vector.name!r} of the collection at {place!r} was filled by the embedder {known!r}, not by "
                f"{vector.embedder!r}. Their vectors cannot be compared: open it with {known!r}, or make a new one."
            )


def check_extension(kept: CollectionSpec, wanted: CollectionSpec, place: str) -> None:
    """Check that a collection can take a spec: every vector that is there is in it, unchanged.

    Raises:
        SchemaMismatchError: a vector is missing or has another width.
        EmbedderMismatchError: a vector has another embedder.
        ConfigError: the spec itself is wrong.
    """
    check_spec(wanted)
    names = {vector.name for vector in kept.vectors}
    check_same_spec(kept, replace(wanted, vectors=tuple(v for v in wanted.vectors if v.name in names)), place)


def check_spec(spec: CollectionSpec) -> None:
    """Check a spec before a collection is made of it.

    Raises:
        ConfigError: a vector's name is not a plain one or stands twice, its role is unknown, or its width is not
            positive.
    """
    names = [vector.name.lower() for vector in spec.vectors]  # some file systems and servers know no case
    for vector in spec.vectors:
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", vector.name) or names.count(vector.name.lower()) > 1:
            raise ConfigError(f"Vectors are named by letters, digits and '_', each differently; got {names}.")
        if vector.replaces not in (None, *names) or (vector.replaces and spec.current(vector.name) != vector.name):
            raise ConfigError(f"Vector {vector.name!r} cannot replace {vector.replaces!r}; known: {names}.")
        if vector.role not in (None, *get_args(VectorRole)):
            known = ", ".join(get_args(VectorRole))
            raise ConfigError(f"Vector {vector.name!r} cannot have the role {vector.role!r}. Known: {known}.")
        if vector.width < 1:
            raise ConfigError(f"Vector {vector.name!r} cannot have the width {vector.width!r}.")


def group_names(value: Value | None) -> set[str]:
    """The groups that a property's value counts in: "" for none, each element of a list."""
    match value:
        case None | ():
            return {""}
        case bool():
            return {"true" if value else "false"}
        case tuple():
            return set(value)
        case _:
            return {str(value)}


# ---------------------------------------------------------------- the parts of a record


def _check_id(id: object, what: str) -> None:
    if not is_id(id):
        raise ConfigError(f"A record's {what} is a lower-case UUID such as str(uuid.uuid5(…)); got {id!r}.")


def _check_property(id: str, name: object, value: object) -> None:
    if not isinstance(name, str) or not filters.is_name(name) or name in ("id", "parent"):
        raise ConfigError(
            f"Record {id!r} has a property named {name!r}. Names are letters, digits, '_' and '.', start with a "
            "letter or '_', and are not 'id' or 'parent'."
        )
    if isinstance(value, tuple):
        for piece in cast(tuple[object, ...], value):
            _check_text(id, name, piece)
    elif isinstance(value, str):
        _check_text(id, name, value)
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise ConfigError(f"Record {id!r}: property {name!r} is {value!r}; numbers must be finite.")
    elif isinstance(value, int):
        if not -(2**63) <= value < 2**63:
            raise ConfigError(f"Record {id!r}: property {name!r} is {value!r}; integers must fit 64 bits.")
    else:
        raise ConfigError(
            f"Record {id!r}: property {name!r} is {value!r}, a {type(value).__name__}. Properties are strings, "
            "numbers, truth values or tuples of strings."
        )


def _check_text(id: str, name: str, text: object) -> None:
    if not isinstance(text, str):
        raise ConfigError(f"Record {id!r}: {name!r} holds {text!r}, a {type(text).__name__}, where a string belongs.")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ConfigError(
            f"Record {id!r}: {name!r} holds {text[error.start]!r}, half of a surrogate pair, which is not a character. "
            "Decode the text with errors='replace'."
        ) from error


def _record_vector(id: str, name: str, vector: FloatArray, spec: CollectionSpec) -> FloatArray:
    wanted = next((known for known in spec.vectors if known.name == name), None)
    if wanted is None:
        known = ", ".join(vector.name for vector in spec.vectors) or "none"
        raise SchemaMismatchError(f"Record {id!r} has a vector named {name!r}; {spec.name!r} knows: {known}.")
    return unit(vector, wanted, f"Record {id!r}")


def unit(vector: FloatArray, spec: VectorSpec, who: str) -> FloatArray:
    """A float32 row of length 1 and the right width, not writeable; SchemaMismatchError where there is none."""
    try:
        row = np.array(vector, np.float32)
    except (TypeError, ValueError) as error:
        raise SchemaMismatchError(f"{who}: vector {spec.name!r} is not an array of numbers ({error}).") from error
    if row.shape != (spec.width,):
        raise SchemaMismatchError(f"{who}: vector {spec.name!r} has shape {row.shape}, it should be ({spec.width},).")
    length = math.sqrt(np.dot(wide := row.astype(np.float64), wide))
    if not math.isfinite(length):
        raise SchemaMismatchError(
            f"{who}: vector {spec.name!r} of width {spec.width} holds a number that is not finite (NaN or infinity)."
        )
    if length == 0:
        raise SchemaMismatchError(f"{who}: vector {spec.name!r} of width {spec.width} is all zeros and has no length.")
    if abs(length - 1) > UNIT_TOLERANCE:
        row = (wide / length).astype(np.float32)
    row.flags.writeable = False
    return row
