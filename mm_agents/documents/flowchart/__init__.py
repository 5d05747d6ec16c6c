"""Flowcharts as typed graphs: shapes, connectors and lanes with their places, and all that follows from them."""

from mm_agents.documents.flowchart.reader import FlowchartReader, build
from mm_agents.documents.flowchart.result import Flowchart

__all__ = ["Flowchart", "FlowchartReader", "build"]
