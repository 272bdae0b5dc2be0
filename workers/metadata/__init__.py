"""The metadata worker takes `metadata.describe`, emits `description.*`, owns `description`."""
