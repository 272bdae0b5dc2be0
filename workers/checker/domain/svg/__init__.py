"""Compares SVG drawings: their words, their geometry, their colours, then what they look like."""
