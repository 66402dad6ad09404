"""Who did what; for the workspace's admins."""

import reflex as rx

from sender_app.components.frame import for_admins, frame
from sender_app.components.ui import awaited, card, empty, icon, link, page, pager, table
from sender_app.components.words import moment, tr
from sender_app.states.audit import AuditTrail


def audit() -> rx.Component:
    """The log, newest first."""
    return frame(
        "/settings",
        page(
            tr("audit.title"),
            for_admins(
                rx.cond(
                    AuditTrail.loaded,
                    rx.cond(
                        AuditTrail.rows.length() > 0,
                        card(
                            table(
                                [
                                    tr("audit.who"),
                                    tr("audit.when"),
                                    tr("audit.what"),
                                    tr("audit.outcome"),
                                ],
                                rx.foreach(
                                    AuditTrail.rows,
                                    lambda row: rx.el.tr(
                                        rx.el.td(rx.el.strong(row.who), class_name="person"),
                                        rx.el.td(moment(row.at), class_name="number"),
                                        rx.el.td(
                                            row.action,
                                            " ",
                                            rx.el.span(row.subject, class_name="hint"),
                                            class_name="what",
                                        ),
                                        rx.el.td(row.outcome, class_name="why"),
                                        key=row.id,
                                    ),
                                ),
                                tr("audit.title"),
                                kind="people log",
                            ),
                            pager(
                                AuditTrail.page,
                                AuditTrail.more,
                                AuditTrail.previous_page,
                                AuditTrail.next_page,
                            ),
                        ),
                        empty("scroll-text", tr("audit.none"), tr("audit.none_text")),
                    ),
                    awaited(420),
                )
            ),
            lead=tr("audit.lead"),
            above=link(
                icon("chevron-left", 16), tr("settings.title"), href="/settings", class_name="back"
            ),
        ),
        title=tr("audit.title"),
    )
