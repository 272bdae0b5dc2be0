"""Runs that are referred to by a name: what a name may mean next, how far its run is, and how that is told."""
