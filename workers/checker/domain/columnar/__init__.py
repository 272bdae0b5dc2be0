"""Compares files of columns with types: Parquet, Feather, Arrow."""
