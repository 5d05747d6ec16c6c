"""A pydantic model that an answer is to fill: its fields by their paths, and the instance made of the values found."""

from __future__ import annotations

import json
import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Union, cast, get_args, get_origin

from pydantic import BaseModel, Field, RootModel, TypeAdapter, ValidationError, create_model
from pydantic.errors import PydanticUserError
from pydantic.fields import FieldInfo

from mm_agents.errors import ConfigError

EACH = "*"
"""In a path: every item of a list."""

Path = tuple[str | int, ...]
"""The way to a value: ("items", 0, "amount")."""

_DEEPEST = 5  # models inside one another; one that holds itself has no end
_LISTS = (list, tuple, set, frozenset, Sequence)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseField:
    """A field that holds one value, or each item of a list of such.

    Attributes:
        path: with ``EACH`` for the items of a list.
        names: what it is called: by its name, its aliases, its title.
        description: what the model says of it.
        annotation: its type, without None.
    """

    path: Path
    names: tuple[str, ...]
    description: str
    annotation: Any

    @property
    def is_number(self) -> bool:
        """Whether it holds a number."""
        return isinstance(self.annotation, type) and issubclass(self.annotation, int | float | Decimal)

    @property
    def is_date(self) -> bool:
        """Whether it holds a date."""
        return isinstance(self.annotation, type) and issubclass(self.annotation, date)

    def accepts(self, value: Any) -> bool:
        """Whether a value fits its type."""
        try:
            self.convert(value)
        except ValidationError:
            return False
        return True

    def convert(self, value: Any) -> Any:
        """A value as its type, such as a decimal for "150.00".

        Raises:
            ValidationError: it does not fit.
        """
        return TypeAdapter(self.annotation).validate_python(value, strict=False)


class ResponseFormat:
    """What an answer is to fill.

    Args:
        model: a class of fields, models and lists of them.

    Raises:
        ConfigError: it is not a pydantic model with named fields, or one of its types cannot be read.
    """

    def __init__(self, model: type[BaseModel]) -> None:
        if not (isinstance(model, type) and issubclass(model, BaseModel)) or issubclass(model, RootModel):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ConfigError(
                f"A response format is a subclass of pydantic.BaseModel with named fields, not {model!r}. "
                "Put a list into a field of one."
            )
        self.model = model
        try:
            model.model_rebuild()
            self.fields: tuple[ResponseField, ...] = tuple(_fields_of(model, ()))
            self.draft: type[BaseModel] = _draft_of(model, 0)
            self.draft.model_json_schema()
        except (PydanticUserError, NameError) as error:
            raise ConfigError(f"The response format {model.__name__} cannot be used: {error}") from error
        if not self.fields:
            raise ConfigError(f"The response format {model.__name__} has no fields.")

    def field_at(self, path: Path) -> ResponseField | None:
        """The field of a value's path."""
        template = tuple(EACH if isinstance(part, int) else part for part in path)
        return next((field for field in self.fields if field.path == template), None)

    def lists(self) -> dict[Path, list[ResponseField]]:
        """The fields of the items of each list, by the path of the list; lists inside of lists are left out."""
        found: dict[Path, list[ResponseField]] = {}
        for field in self.fields:
            if field.path.count(EACH) == 1:
                found.setdefault(field.path[: field.path.index(EACH)], []).append(field)
        return found

    def listed_model(self, listed: Path) -> type[BaseModel] | None:
        """The model of the items of a list that is a field of this model itself."""
        info = self.model.model_fields.get(str(listed[0])) if len(listed) == 1 else None
        return _model_in(info.annotation) if info is not None else None

    def missing(self, values: Mapping[Path, Any]) -> list[str]:
        """The paths of fields that no value fills; a list without items by its own path, a field of all items once."""
        names: dict[str, None] = {}
        for field in self.fields:
            if EACH not in field.path:
                if field.path not in values:
                    names[dotted(field.path)] = None
                continue
            place = field.path.index(EACH)
            listed, rest = field.path[:place], field.path[place + 1 :]
            rows = rows_of(values, listed)
            filled = {row for row in rows if (*listed, row, *rest) in values}
            if not rows:
                names[dotted(listed)] = None
            elif EACH in rest:
                continue
            elif not filled:
                names[dotted((*listed, *rest))] = None
            else:
                names |= dict.fromkeys(dotted((*listed, row, *rest)) for row in rows if row not in filled)
        return list(names)

    def parse(self, values: Mapping[Path, Any]) -> tuple[BaseModel | None, dict[str, str]]:
        """The instance with these values.

        Args:
            values: that were converted, by their paths. A field without one is None where its type allows that, else
                it has its default.

        Returns:
            The instance, or None where a field may not be without a value; and what is wrong, by the field's path.
        """
        kept, faults = dict(values), dict[str, str]()
        for _ in range(len(values) + 1):
            try:
                return self.model.model_validate(_built(self.model, kept, ()), by_name=True, by_alias=True), faults
            except ValidationError as error:
                wrong = {self._path_of(fault["loc"]): fault["msg"] for fault in error.errors(include_url=False)}
            faults |= {dotted(path): message for path, message in wrong.items()}
            dropped = [path for path in wrong if path in kept and _may_be_none(self.model, path)]
            if not dropped or len(dropped) < len(wrong):
                break
            kept = {path: value for path, value in kept.items() if path not in dropped}
        return None, faults

    def restored(self, plain: Any) -> BaseModel | None:
        """The instance that an answer had, of the plain data that a saved answer has; None where none fits that."""
        if plain is None or isinstance(plain, self.model):
            return plain
        try:
            return self.model.model_validate_json(json.dumps(plain), by_name=True, by_alias=True)
        except ValidationError:  # the model has changed
            return None

    def _path_of(self, place: Sequence[str | int]) -> Path:
        """The path of what pydantic found wrong, by the names of fields."""
        path: list[str | int] = []
        model: type[BaseModel] | None = self.model
        for part in place:
            if isinstance(part, str) and model is not None:
                named = (name for name, info in model.model_fields.items() if part in (name, *_aliases(info)))
                part = next(named, part)
                info = model.model_fields.get(part)
                model = _model_in(info.annotation) if info is not None else None
            path.append(part)
        return tuple(path)


def plain_data(parsed: Any) -> Any:
    """An instance as JSON can hold it, by the names of its fields and without the defaults of those not found."""
    return parsed.model_dump(mode="json", exclude_unset=True) if isinstance(parsed, BaseModel) else parsed


def dotted(path: Path) -> str:
    """A path as answers name it: "items.0.amount"."""
    return ".".join(str(part) for part in path if part != EACH)


def rows_of(values: Mapping[Path, Any], listed: Path) -> list[int]:
    """The numbers of the items that a list has among some values, in order."""
    size = len(listed)
    found = {path[size] for path in values if len(path) > size and path[:size] == listed}
    return sorted(row for row in found if isinstance(row, int))


# ---------------------------------------------------------------- types


def _bare(annotation: Any) -> tuple[Any, bool]:
    """A type without None and notes, and whether None is allowed."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _bare(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        members = get_args(annotation)
        rest = [one for one in members if one is not type(None)]
        if len(rest) == 1:
            return _bare(rest[0])[0], len(rest) < len(members)
        return annotation, len(rest) < len(members)
    return annotation, annotation is type(None) or annotation is Any


def _item_of(annotation: Any) -> Any:
    """The type of a list's items; None where it is not a list, or does not say."""
    origin, members = get_origin(annotation), get_args(annotation)
    if origin not in _LISTS or not members or (origin is tuple and (len(members) != 2 or members[1] is not ...)):
        return None
    return _bare(members[0])[0]


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel) and not issubclass(annotation, RootModel)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model that a type is, or is a list of."""
    bare = _bare(annotation)[0]
    found = bare if _is_model(bare) else _item_of(bare)
    return cast("type[BaseModel]", found) if _is_model(found) else None


def _aliases(info: FieldInfo) -> list[str]:
    return [one for one in (info.alias, info.validation_alias, info.title) if isinstance(one, str)]


def _fields_of(model: type[BaseModel], path: Path) -> Iterator[ResponseField]:
    for name, info in model.model_fields.items():
        here, bare = (*path, name), _bare(info.annotation)[0]
        item = _item_of(bare)
        inner = _model_in(bare)
        if inner is not None:
            if len(path) < _DEEPEST:
                yield from _fields_of(inner, here if item is None else (*here, EACH))
            continue
        yield ResponseField(
            path=here if item is None else (*here, EACH),
            names=tuple(dict.fromkeys([name, *_aliases(info)])),
            description=info.description or "",
            annotation=bare if item is None else item,
        )


def _draft_of(model: type[BaseModel], depth: int) -> type[BaseModel]:
    """The same model with fields that may all be None, so that a chat model need not make up what it does not know."""
    fields: dict[str, Any] = {}
    for name, info in model.model_fields.items():
        bare = _bare(info.annotation)[0]
        inner = _model_in(bare)
        if inner is not None:
            if depth >= _DEEPEST:
                continue
            drafted = _draft_of(inner, depth + 1)
            bare = drafted if _item_of(bare) is None else list[drafted]
        fields[name] = (bare | None if bare is not Any else Any, Field(default=None, description=info.description))
    return create_model(model.__name__, __doc__=model.__doc__, **fields)


def flattened(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """The values of a draft by their paths; those that are None are left out."""
    if isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from flattened(getattr(value, name), (*path, name))
    elif isinstance(value, list | tuple | set | frozenset):
        items = cast("Sequence[Any]", value)
        for row, item in enumerate(items):
            yield from flattened(item, (*path, row))
    elif value is not None and value != "":
        yield path, value


def _built(model: type[BaseModel], values: Mapping[Path, Any], path: Path) -> dict[str, Any]:
    """What a model is made of; fields without a value are None where their type allows it, else left to their default.

    Args:
        model: whose fields they are.
        values: by their paths.
        path: of the model among them.
    """
    data: dict[str, Any] = {}
    for name, info in model.model_fields.items():
        here = (*path, name)
        bare, may_be_none = _bare(info.annotation)
        inner = _model_in(bare)
        if _item_of(bare) is not None:
            rows = rows_of(values, here)
            if rows and inner is not None:
                data[name] = [_built(inner, values, (*here, row)) for row in rows]
            elif rows:
                data[name] = [values[(*here, row)] for row in rows]
        elif inner is not None:
            if any(other[: len(here)] == here for other in values):
                data[name] = _built(inner, values, here)
        elif here in values:
            data[name] = values[here]
        if name not in data and may_be_none:
            data[name] = None
    return data


def _may_be_none(model: type[BaseModel], path: Path) -> bool:
    """Whether the field of a path may be None."""
    inner: type[BaseModel] | None = model
    allowed = False
    for part in path:
        if isinstance(part, int):
            continue
        info = inner.model_fields.get(part) if inner is not None else None
        if info is None:
            return False
        allowed = _bare(info.annotation)[1]
        inner = _model_in(info.annotation)
    return allowed
