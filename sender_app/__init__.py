"""Sender: WhatsApp campaigns for teams (Reflex user interface, RQ workers, Postgres)."""
