"""The nouns: pure data that every process shares. Imports nothing of ours but itself."""
