"""`make test-fresh`: the README's lines on fresh systems, as an ordinary user with sudo."""
