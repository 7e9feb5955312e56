"""A live session as a calendar file (.ics, RFC 5545) that telephones and office calendars open."""

from datetime import datetime, timedelta

from bot.domain.programme import Programme, Session

_LEAST_NOTICE = timedelta(minutes=15)


def invitation(programme: Programme, session: Session, *, title: str, description: str) -> bytes:
    """The session from its start to its end, with an alarm when its room opens; texts are plain.

    Times are UTC, which every calendar shows in the zone of whoever reads it. The same session makes the
    same bytes, and the same UID wherever and whenever it is made: opened again, it replaces itself.
    """
    from icalendar import Alarm, Calendar, Event  # noqa: PLC0415 - a bot that starts needs none of it yet

    event = Event()
    event.add("uid", f"{session.id}.{programme.id}@rekan.invalid")
    event.add("dtstamp", datetime.combine(programme.first_day, datetime.min.time(), programme.zone.tzinfo))
    event.add("dtstart", session.starts)
    event.add("dtend", session.ends)
    event.add("summary", title)
    event.add("description", description)
    event.add("location", session.meeting.url)
    event.add("url", session.meeting.url)
    if session.cancelled:
        event.add("status", "CANCELLED")
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", title)
    alarm.add("trigger", -max(session.starts - session.room_opens, _LEAST_NOTICE))
    event.add_component(alarm)
    calendar = Calendar()
    calendar.add("prodid", "-//Rekan//Orientation//ID")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add_component(event)
    return bytes(calendar.to_ical())
