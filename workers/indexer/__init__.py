"""The indexer follows `compendium.*` events, emits nothing, owns `search_document`."""
