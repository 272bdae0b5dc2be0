"""The documents of the web API as types: what OpenAPI describes, and what bodies are validated by."""
