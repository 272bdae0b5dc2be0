"""Who people are: sign-in, sessions, accounts and levels, personal tokens, and how often one may ask."""
