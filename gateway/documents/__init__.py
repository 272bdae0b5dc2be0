"""The documents of the web API as pydantic models, one module a topic."""
