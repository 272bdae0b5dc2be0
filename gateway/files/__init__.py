"""Files as they are handed out: looked up in manifests, sent in pieces, made smaller, packed into archives."""
