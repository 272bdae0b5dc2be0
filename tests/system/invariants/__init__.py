"""What must hold after any fault (I-1 … I-10): read everything that keeps state, compare, count.

As a program: `PYTHONPATH=tests python -m system.invariants --home HOME [--journal FILE]`.
"""
