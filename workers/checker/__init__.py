"""The checker takes `checker.check`, emits `check.finished` and `check.failed`, owns `check`."""
