"""Sender: WhatsApp campaigns for teams (Reflex user interface, RQ workers, Postgres)."""

__version__ = "0.1.0"
