"""The web API, one module a resource."""
