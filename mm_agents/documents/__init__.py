"""Readers of documents: words, invoices, tables, flowcharts and hidden text, each value with its place on the page.

A model may read; only code locates and computes. ``pages`` opens pictures and PDFs, ``ocr`` reads words, ``locate``
finds quotes among them, ``overlay`` draws what was found.
"""
