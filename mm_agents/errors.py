"""Every error that mm_agents raises, in one tree.

    MMAgentsError
    ├── ConfigError (ValueError)             an argument or setting is wrong; nothing was done
    │   ├── UnknownPluginError               no embedder, store or reader of that name
    │   ├── FilterError                      a ``where`` expression that cannot be read
    │   ├── SchemaMismatchError              a vector's name, width or values do not fit the collection
    │   └── EmbedderMismatchError            the collection was filled by another embedder
    ├── MissingExtraError (ImportError)      an optional package is not installed; says the pip line
    ├── MediaError (ValueError)              a picture, clip, text or PDF that cannot be used
    │   ├── UnsupportedMediaError            not a kind of file that can be read
    │   ├── DamagedMediaError                the right kind, but cut off or corrupt
    │   ├── MediaTooLargeError               past one of the limits on a file (media.Limits)
    │   └── FetchError                       a URL that may not or cannot be fetched
    ├── EmbedderError (RuntimeError)         an embedder failed
    │   └── WeightsError                     a model file is missing, unexpected or out of reach
    ├── SpeechError (RuntimeError)           a recogniser of speech failed
    ├── ChatError (RuntimeError)             a chat model failed, or cannot be reached
    │   ├── ChatBlockedError                 it refused to answer, or said nothing; says the reason
    │   └── ChatReplyError                   its reply was cut off or does not fit what was asked for
    ├── StoreError (RuntimeError)            a store failed
    │   ├── LibraryNotFoundError             nothing is stored at that place
    │   ├── StoreVersionError                written by a newer version of mm_agents
    │   ├── StoreDamagedError                a file of the store is corrupt
    │   ├── StoreUnavailableError            the store cannot be reached or is busy; trying again may help
    │   ├── RecordNotFoundError (LookupError)  no record has that id
    │   └── PartialWriteError                some records were refused; ``failed`` says which and why
    └── ToolError                            what a model may see of a failure

Each is also a child of the builtin exception that a caller would think of catching.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice

__all__ = [
    "ChatBlockedError",
    "ChatError",
    "ChatReplyError",
    "ConfigError",
    "DamagedMediaError",
    "EmbedderError",
    "EmbedderMismatchError",
    "FetchError",
    "FilterError",
    "LibraryNotFoundError",
    "MMAgentsError",
    "MediaError",
    "MediaTooLargeError",
    "MissingExtraError",
    "PartialWriteError",
    "RecordNotFoundError",
    "SchemaMismatchError",
    "SpeechError",
    "StoreDamagedError",
    "StoreError",
    "StoreUnavailableError",
    "StoreVersionError",
    "ToolError",
    "UnknownPluginError",
    "UnsupportedMediaError",
    "WeightsError",
]


class MMAgentsError(Exception):
    """The root: catch it to catch everything that mm_agents raises on purpose."""


class ConfigError(MMAgentsError, ValueError):
    """An argument or setting is wrong; nothing was done."""


class UnknownPluginError(ConfigError):
    """No plugin of that kind has that name.

    Args:
        kind: the plugin kind, such as "stores".
        name: the name that was asked for.
        known: the names that exist.
    """

    def __init__(self, kind: str, name: str, known: Sequence[str]) -> None:
        super().__init__(f"No {kind} plugin is named {name!r}. Known: {', '.join(sorted(known)) or 'none'}.")
        self.kind: str = kind
        self.name: str = name
        self.known: tuple[str, ...] = tuple(sorted(known))


class FilterError(ConfigError):
    """A filter expression cannot be read, or asks what a store cannot answer."""


class SchemaMismatchError(ConfigError):
    """A vector's name, width or values do not fit the collection."""


class EmbedderMismatchError(ConfigError):
    """The collection was filled by another embedder than the one that asks."""


class MissingExtraError(MMAgentsError, ImportError):
    """An optional package is not installed; the message says the pip line."""


class MediaError(MMAgentsError, ValueError):
    """A picture, clip, text or PDF cannot be used."""


class UnsupportedMediaError(MediaError):
    """The content is not of a kind that can be read."""


class DamagedMediaError(MediaError):
    """The content is of a known kind, but cut off or corrupt."""


class MediaTooLargeError(MediaError):
    """The content passes one of the limits on a file (``media.Limits``)."""


class FetchError(MediaError):
    """A URL may not be fetched, or could not be."""


class EmbedderError(MMAgentsError, RuntimeError):
    """An embedder failed."""


class WeightsError(EmbedderError):
    """A model file is missing, unexpected or out of reach."""


class SpeechError(MMAgentsError, RuntimeError):
    """A recogniser of speech failed."""


class ChatError(MMAgentsError, RuntimeError):
    """A chat model failed, or cannot be reached."""


class ChatBlockedError(ChatError):
    """The chat model refused to answer, or said nothing."""


class ChatReplyError(ChatError):
    """The chat model's reply was cut off, or does not fit what was asked for."""


class StoreError(MMAgentsError, RuntimeError):
    """A store failed."""


class LibraryNotFoundError(StoreError):
    """Nothing is stored at that place."""


class StoreVersionError(StoreError):
    """The store was written by a newer version of mm_agents."""


class StoreDamagedError(StoreError):
    """A file of the store is corrupt."""


class StoreUnavailableError(StoreError):
    """The store cannot be reached or is busy; trying again may help."""


class RecordNotFoundError(StoreError, LookupError):
    """No record has that id."""


class PartialWriteError(StoreError):
    """Some records were refused; the others were written.

    Attributes:
        failed: the reason for each refused id.
        total: how many records the call held.
    """

    def __init__(self, failed: Mapping[str, str], *, total: int) -> None:
        self.failed: dict[str, str] = dict(failed)
        self.total = total
        first = "; ".join(f"{id}: {reason}" for id, reason in islice(self.failed.items(), 3))
        more = ", …" if len(self.failed) > 3 else ""
        super().__init__(f"{len(self.failed)} of {total} records were refused ({first}{more}).")


class ToolError(MMAgentsError):
    """A failure that a model may see.

    Args:
        message: what went wrong, in words meant for the model.
        retry: whether calling again, with other arguments, can help.
    """

    def __init__(self, message: str, *, retry: bool) -> None:
        super().__init__(message)
        self.retry = retry
