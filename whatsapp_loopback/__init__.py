"""A loopback WhatsApp: the real protocol spoken to an unmodified neonize, with virtual phones.

Nothing here ever leaves the machine's loopback interface.  ``python -m whatsapp_loopback``
runs it, ``whatsapp_loopback.environment`` points a process at it, and
``whatsapp_loopback.client`` drives it from a test.
"""
