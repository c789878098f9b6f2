"""The episodes of a directory: what is in them, what people said of them, and every change, which can be undone."""

from oft_demo.data.catalog.catalog import Catalog

__all__ = ["Catalog"]
