"""How the tables came to be what they are: one file a change, walked up and down by a test.

After changing `tables.py`, `python -m bot.storage.migrations "what changes"` writes the next file, to be read
and mended by hand. Report views are no part of it: `schema.upgrade` takes them away before the first step and
makes them anew after the last, so that no migration stumbles over a view.
"""
