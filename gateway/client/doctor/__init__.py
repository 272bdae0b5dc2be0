"""Examines the machine for `erc doctor`; imports nothing of the service."""
