"""Exports of episodes to the formats of other people's training code, each with a validator."""

from oft_demo.data.exporting.errors import CannotExport
from oft_demo.data.exporting.role import (
    FORMATS,
    Exportable,
    ExportFormat,
    ExportOptions,
    ExportProgress,
    Finding,
    Report,
)
from oft_demo.data.exporting.validate import validate
from oft_demo.data.exporting.writing import export

__all__ = [
    "FORMATS",
    "CannotExport",
    "ExportFormat",
    "ExportOptions",
    "ExportProgress",
    "Exportable",
    "Finding",
    "Report",
    "export",
    "validate",
]
