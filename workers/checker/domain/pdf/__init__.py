"""Compares PDF files: the text of their pages, then their pages as pictures."""
