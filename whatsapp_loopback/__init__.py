"""A loopback WhatsApp server with virtual phones, for tests and the demonstration.

It speaks the WhatsApp Web protocol to the unmodified neonize wheel. Nothing leaves the machine,
and nothing of `sender_app` is imported here, nor the other way round.
"""
