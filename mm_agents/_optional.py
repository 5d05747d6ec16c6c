"""One way to say that an optional package is missing."""

from __future__ import annotations

import importlib
from types import ModuleType

from mm_agents.errors import MissingExtraError


def require(package: str, *, extra: str, feature: str) -> ModuleType:
    """Import an optional package.

    Args:
        package: the module to import, such as "onnxruntime".
        extra: the extra of mm-agents that brings it.
        feature: what needs it, as the start of a sentence: "The offline embedder".

    Raises:
        MissingExtraError: the package is not installed. Another module that is missing inside it is raised
            untouched, so that it is not blamed on the extra.
    """
    try:
        return importlib.import_module(package)
    except ModuleNotFoundError as error:
        if error.name is None or not (package == error.name or package.startswith(error.name + ".")):
            raise
        raise MissingExtraError(
            f"{feature} needs the package {package!r}. Install it with: pip install 'mm-agents[{extra}]'",
            name=error.name,
        ) from error
