"""What is kept of what coordinators do: the actions that count."""

from enum import StrEnum


class Action(StrEnum):
    """What somebody did. A look at what others may not see counts as an action, and so does an export."""

    INVITED = "invited"
    INVITATION_REVOKED = "invitation_revoked"
    JOINED_STAFF = "joined_staff"
    LEFT_STAFF = "left_staff"  # the role was taken away
    SPEAKER_BOUND = "speaker_bound"  # to other sessions
    SIGNED_IN = "signed_in"
    ANNOUNCED = "announced"
    ANNOUNCEMENT_APPROVED = "announcement_approved"
    ANNOUNCEMENT_REFUSED = "announcement_refused"
    ANNOUNCEMENT_PAUSED = "announcement_paused"
    ANNOUNCEMENT_RESUMED = "announcement_resumed"
    ANNOUNCEMENT_CANCELLED = "announcement_cancelled"
    ANNOUNCEMENT_CORRECTED = "announcement_corrected"
    ANNOUNCEMENT_RECALLED = "announcement_recalled"
    REMINDED = "reminded"
    RESENT = "resent"
    RECAP_SEEN = "recap_seen"
    EXPORTED = "exported"
    PERSON_SEEN = "person_seen"
    PERSON_CHANGED = "person_changed"
    EXCUSED = "excused"
    DEADLINE_EXTENDED = "deadline_extended"
    ADMITTED = "admitted"
    ADMISSION_REFUSED = "admission_refused"
    LINK_REISSUED = "link_reissued"
    ROSTER_IMPORTED = "roster_imported"
    JOURNAL_READ = "journal_read"
    JOURNAL_COMMENTED = "journal_commented"
    REVISION_ASKED = "revision_asked"
    ENTRY_ADDED = "entry_added"
    ENTRY_MOVED = "entry_moved"
    ENTRY_SKIPPED = "entry_skipped"
    ENTRY_RESTORED = "entry_restored"
    SESSION_CHANGED = "session_changed"
    ATTENDANCE_DECIDED = "attendance_decided"  # one was there, or was not
    ATTENDANCE_IMPORTED = "attendance_imported"  # a Zoom report
    ZOOM_NAME_SETTLED = "zoom_name_settled"
    QUESTION_MARKED = "question_marked"
    QUESTION_ANSWERED = "question_answered"
    LIVE_QUIZ_LAUNCHED = "live_quiz_launched"
    LIVE_QUIZ_REVEALED = "live_quiz_revealed"
    MATERIAL_PLANNED = "material_planned"  # to be handed out with its session
    MATERIAL_RELEASED = "material_released"
    MATERIAL_REPLACED = "material_replaced"
    MATERIAL_WITHDRAWN = "material_withdrawn"
    MATERIAL_NOT_NEEDED = "material_not_needed"
    AUDIT_SEEN = "audit_seen"
