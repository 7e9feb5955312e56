"""What Rekan serves over HTTP: Telegram's webhook, and whether it is well."""
