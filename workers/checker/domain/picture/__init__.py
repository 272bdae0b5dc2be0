"""Compares two pictures of figures: what they show, apart from how it is drawn."""
