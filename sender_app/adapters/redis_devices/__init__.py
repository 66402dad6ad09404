"""Linked devices in Redis: restored to a file for the library, and kept before anything leaves.

The library writes to SQLite, in a folder of its own; triggers note which rows change. Whatever it
sends to WhatsApp passes a gate, which first puts the changed rows into Redis, sealed and fenced by
the lease's epoch. So Redis is never behind what WhatsApp has seen: no key of a conversation is used
twice, and a message whose secret is not there surely never left.
"""
