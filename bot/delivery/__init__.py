"""The engine between use cases and Telegram: the timetable that rings, the pacer, and the sender."""
