"""What binary files hold, as JSON: read by pure parsers in a limited child, never by running what they hold."""
