"""Tests of training need torch: without it they are skipped, but in CI they fail."""

from __future__ import annotations

import importlib.util
import os

import pytest

if importlib.util.find_spec("torch") is None:
    if os.environ.get("CI"):
        raise ModuleNotFoundError("CI runs the tests of training: pip install 'mm-agents[train]'")
    pytest.skip("pip install 'mm-agents[train]'", allow_module_level=True)
