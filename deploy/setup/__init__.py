"""What `make setup` does on a stranger's machine. Standard library only: it runs before anything is installed."""
