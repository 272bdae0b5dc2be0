"""Readers of code that several workers use: what packages, files and texts it names. Pure; nothing is evaluated."""
