"""Négatoscope: an open RIS and PACS with AI for digital radiography."""

__version__ = "0.1.0"
