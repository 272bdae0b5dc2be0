"""The documents of the web API as models, one module a topic."""
