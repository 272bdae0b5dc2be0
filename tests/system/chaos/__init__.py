"""Chaos: the real service under load, with faults by a seeded schedule, and the invariants at the end.

As a program: `PYTHONPATH=tests python -m system.chaos --kills 100 --seed 1`. See docs/chaos.md.
"""
