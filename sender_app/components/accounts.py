"""What pages say of accounts."""

import reflex as rx

from sender_app.components.words import number, tr


def today(account: rx.Var) -> rx.Var:
    """What the account has sent today, of what it may."""
    return rx.cond(
        account.cap > 0,
        tr("connection.today_of", n=number(account.sent_today), cap=number(account.cap)),
        tr("connection.today", n=number(account.sent_today)),
    )
