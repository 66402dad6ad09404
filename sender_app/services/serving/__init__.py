"""Serving an account: the only code that talks to WhatsApp, in a process of its own."""
