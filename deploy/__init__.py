"""The embedded stack: NATS, PostgreSQL and every process of the service, started and watched on one machine."""
