"""Compares files of arrays with names: HDF5, NetCDF, rasters."""
