"""The metadata worker takes `metadata.describe`, emits `description.made` and `description.rejected`, owns `description`."""
