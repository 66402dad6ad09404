"""Components of assets/writing.js: what writing a message needs in the browser."""

from typing import Any

import reflex as rx
from reflex.event import run_script
from reflex.vars import FunctionVar, VarData

from sender_app.components.words import tr_of
from sender_app.domain.conversation import MessageKind

_LIBRARY = "$/public/writing.js"
KINDS = [kind.value for kind in MessageKind]  # of what people send
# A bar parts the rows; few enough to be seen at a glance.
EMOJI = (
    "😀 😃 😄 😁 😊 🙂 😉 😍 🥰 😘 😎 🤩 🤗 🤔 😅 😂 🤣 😇 😴 😢 😭 😮 😱 😡"
    "|👋 👍 👎 👏 🙌 🙏 🤝 💪 👌 ✌️ 🤞 👉 👈 👆 👇 ☝️ ✍️ 👀 👤 👥 👨‍👩‍👧 👶 🧑‍💼 🧑‍⚕️"
    "|❤️ 🧡 💛 💚 💙 💜 🖤 🤍 💔 💯 ⭐ 🌟 ✨ 🔥 ⚡ 🎉 🎊 🎁 🎂 🎈 🏆 🥇 🎓 🎵"
    "|✅ ☑️ ✔️ ❌ ⚠️ ❗ ❓ ℹ️ 🔔 📢 📣 📌 📍 📅 🗓️ ⏰ ⏳ 📞 📱 💬 📧 📎 🔗 🔒"
    "|💰 💵 💳 🧾 🛒 🛍️ 📦 🚚 🏪 🏠 🏥 🏫 💊 🩺 💉 🦷 ✈️ 🚗 🚌 🚲 ☕ 🍕 🍽️ 🍰"
    "|☀️ 🌙 ☁️ 🌧️ 🌈 🌸 🌹 🌻 🌳 🍀 🐶 🐱 🐾 ⚽ 🏀 🎾 🏊 🚴 🎬 📷 💻 💡 🔧 🗳️"
)


class _WhatsappText(rx.Component):
    library = _LIBRARY
    tag = "WhatsappText"
    text: rx.Var[str]


class _Flap(rx.Component):
    library = _LIBRARY
    tag = "Flap"
    label: rx.Var[str]
    title: rx.Var[str]


class _EmojiGrid(rx.Component):
    library = _LIBRARY
    tag = "EmojiGrid"
    groups: rx.Var[str]
    field: rx.Var[str]


def bubble(text: rx.Var) -> rx.Component:
    """A message as WhatsApp shows it."""
    return rx.el.div(whatsapp_text(text, "bubble"), class_name="chat")


def whatsapp_text(text: rx.Var, class_name: str = "") -> rx.Component:
    """A text with WhatsApp's formatting."""
    return _WhatsappText.create(text=text, class_name=class_name)


def said(kind: rx.Var, text: rx.Var) -> rx.Component:
    """What somebody sent, in a line: of a file its kind and caption."""
    return rx.cond(
        kind == "text", text, rx.fragment("[", tr_of("message_kind", kind, KINDS), "] ", text)
    )


def flap(label: rx.Var | str, title: rx.Var | str, *children: Any, kind: str = "") -> rx.Component:
    """Something that opens under its button; a choice within marked `data-closes` closes it."""
    return _Flap.create(*children, label=label, title=title, class_name=f"flap {kind}".strip())


def emoji_flap(field_id: str, title: rx.Var | str) -> rx.Component:
    """A button that offers emoji for a field."""
    grid = _EmojiGrid.create(groups=EMOJI, field=field_id, class_name="emoji")
    return flap("☺\ufe0e", title, grid, kind="smile")


def wrap_text(field_id: str, mark: str) -> Any:
    """The event that puts `mark` around what is selected in a field."""
    data = VarData(imports={_LIBRARY: [rx.ImportVar(tag="wrapText")]})
    function = rx.Var("wrapText", _var_data=data).to(FunctionVar)
    return run_script(function.call(field_id, mark))
