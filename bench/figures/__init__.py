"""The labelled set of figures: pairs that show the same and pairs that differ in one thing, and what comparators say."""
