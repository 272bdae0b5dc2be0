"""The verbs of `erc`, one module each."""
