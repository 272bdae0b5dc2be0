"""The gateway's rows: compendia, jobs, shipments, the queue, sessions, search."""
