"""Tables by rules: ruled ones, those parted by blanks, and grids of cards; each cell with its place on the page."""

from mm_agents.documents.table.data import Cell
from mm_agents.documents.table.reader import TableReader, build
from mm_agents.documents.table.result import Table

__all__ = ["Cell", "Table", "TableReader", "build"]
