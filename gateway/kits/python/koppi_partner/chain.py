"""The proof that a mailbox is complete, in order and unchanged. README.md of proto/vectors states the rules."""

import base64
import binascii
import hashlib

from . import records

BEGINNING = bytes(32)


class ChainError(Exception):
    """A message fails a check: sequence, record, view, chain or history. Do not retry; a person must look."""

    def __init__(self, check, message, problem):
        super().__init__(f"message {message.sequence} of the {message.service} mailbox of {message.mailbox}: {problem}")
        self.check = check


class Message:
    """A case message. What it says is read from its record, over which the hash is computed.

    content is a dict by the names of JSON. An event of a later version of Koppi is in it with its type and bytes.
    """

    def __init__(self, view):
        self.view = view
        self.record, self.nonce = _bytes(view.get("record")), _bytes(view.get("nonce"))
        self.content_hash, self.chain_hash = _bytes(view.get("contentHash")), _bytes(view.get("chainHash"))
        self.redelivered = bool(view.get("redelivered"))
        self.tombstone = not self.record and not view.get("event") and bool(view.get("withheld"))
        self.content, self.event_type, self.event_bytes = view, (view.get("event") or {}).get("@type", ""), b""
        self._recorded = None
        if self.record:
            try:
                self._recorded = records.decode(records.CASE_MESSAGE, self.record)
                if self.is_its_record():
                    self.content = self._recorded
                    self.event_type, self.event_bytes = records.event_of(self.record)
            except records.Malformed:
                pass

    def _place(self, content):
        return int(content.get("sequence", 0)), content.get("service", ""), content.get("mailbox", "")

    def is_its_record(self):
        """Whether the record is that of this place; all else is read from the record alone."""
        return self._recorded is not None and self._place(self._recorded) == self._place(self.view)

    sequence = property(lambda self: int(self.content.get("sequence", 0)))
    service = property(lambda self: self.content.get("service", ""))
    mailbox = property(lambda self: self.content.get("mailbox", ""))
    message_id = property(lambda self: self.content.get("messageId", ""))
    subject = property(lambda self: self.content.get("subject", ""))
    event = property(lambda self: self.content.get("event"))


def _bytes(text):
    try:
        return base64.b64decode(text or "", validate=True)
    except (binascii.Error, TypeError, ValueError):
        return b""


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def _after(last):
    return f"it comes after message {last}" + ("" if last else ": an empty inbox needs a consumer of its own, or a rewound endpoint")


class Position:
    """How far a reader has come: Koppi's cursor, and the last message of each service's mailbox."""

    def __init__(self, cursor="", heads=None):
        self.cursor, self.heads = cursor, heads or {}

    def follow(self, message, cursor=""):
        """Verifies the next message, and returns the position after it."""
        last, chain = self.heads.get(message.service, (0, BEGINNING))
        if message.sequence != last + 1:
            raise ChainError("sequence", message, _after(last))
        intact(message)
        link = sha256(chain, message.content_hash)
        if link != message.chain_hash:
            raise ChainError("chain", message, "it does not follow the message before it")
        return Position(cursor, {**self.heads, message.service: (message.sequence, link)})


def intact(message):
    """Verifies that a message is what was hashed; a tombstone has nothing to show. For redelivered messages."""
    if message.tombstone:
        return
    if sha256(message.nonce, message.record) != message.content_hash:
        raise ChainError("record", message, "its record is not what was hashed")
    if not message.is_its_record():
        raise ChainError("view", message, "it is not its record")
