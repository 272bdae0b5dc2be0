"""Server-sent events: places, filters, rights for each event, and the streams made from them."""
