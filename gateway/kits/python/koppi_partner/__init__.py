"""What a partner agency's system needs to send and read Koppi's case messages, with Python's standard library alone."""

from .chain import ChainError, Message, Position, intact
from .client import Client, KoppiError
from .endpoint import Endpoint, is_signed
from .inbox import FileInbox, Refused

__all__ = ["ChainError", "Client", "Endpoint", "FileInbox", "KoppiError", "Message", "Position", "Refused", "intact", "is_signed"]
