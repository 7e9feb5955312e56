"""Rekan: a Telegram companion for live orientation sessions."""
