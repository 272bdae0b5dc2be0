"""The notifier sends events to webhooks: at least once, in order for each webhook, signed."""
