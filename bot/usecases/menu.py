"""The features as buttons, wherever somebody may not know what to do."""

from bot.domain.messages import Button, Say, Tap

MENU: tuple[tuple[Button, ...], ...] = (
    (
        Button(Say("menu.schedule"), Tap("menu", "", "jadwal")),
        Button(Say("menu.modules"), Tap("menu", "", "modul")),
    ),
    (
        Button(Say("menu.quizzes"), Tap("menu", "", "kuis")),
        Button(Say("menu.journal"), Tap("menu", "", "jurnal")),
    ),
    (
        Button(Say("menu.status"), Tap("menu", "", "status")),
        Button(Say("menu.help"), Tap("menu", "", "bantuan")),
    ),
)

OLD_BUTTON = Say("help.old_button", {}, MENU)
"""The answer to a button whose feature or item is no longer there."""
