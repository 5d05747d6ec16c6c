"""Flowcharts as typed graphs: shapes, connectors and lanes with their places, and all that follows from them."""

from mm_agents.documents.flowchart._flowchart import Flowchart
from mm_agents.documents.flowchart._reader import FlowchartReader, build

__all__ = ["Flowchart", "FlowchartReader", "build"]
