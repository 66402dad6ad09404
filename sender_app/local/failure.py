"""Why a start failed."""


class StartFailure(Exception):
    """The message is the one line to show; nothing is left running."""
