"""The Telegram edge: updates in as events, messages out as API calls, nothing of Telegram further inward."""
