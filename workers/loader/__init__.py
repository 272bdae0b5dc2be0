"""The loader takes `loader.load`, emits `workspace.loaded` and `workspace.rejected`, owns `workspace`."""
