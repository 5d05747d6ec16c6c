"""``python -m mm_agents.cli``, where the program ``mm-agents`` is not on the path."""

from __future__ import annotations

from mm_agents.cli import main

if __name__ == "__main__":
    main()
