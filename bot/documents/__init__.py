"""Files in and out: rosters, claim links, calendars, sheets to print."""
