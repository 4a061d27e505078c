"""An inbox in one file: a line for each message, with the cursor behind it. The other kits read and write the same form.

Make your own over a database: store a message, or what it does, and the position behind it in one transaction.
"""

import base64
import hashlib
import json
import os

from . import records
from .chain import ChainError, Message, Position, intact


class Refused(Exception):
    """An inbox refuses a message for good. Koppi parks its matter until somebody asks for another delivery."""


class FileInbox:
    """Opens or makes the file, and verifies all of it. One process at a time may have it."""

    def __init__(self, path):
        self.position, self._held = Position(), {}
        folder = os.path.dirname(os.path.abspath(path))
        os.makedirs(folder, mode=0o700, exist_ok=True)
        self._file = open(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "r+b")
        whole = self._file.read()
        # A last line that was cut off in writing was never acknowledged: it goes, and Koppi sends it again.
        size = whole.rfind(b"\n") + 1
        for number, line in enumerate(whole[:size].splitlines(), 1):
            try:
                message, cursor = read_line(line)
                if message.redelivered:
                    intact(message)
                else:
                    self._keep(message, self.position.follow(message, cursor))
            except (ChainError, ValueError, KeyError) as error:
                self._file.close()
                raise ValueError(f"{path}, line {number}: {error}") from error
        self._file.truncate(size)

    def _keep(self, message, behind):
        self.position = behind
        self._held.setdefault(message.service, []).append(message.chain_hash)

    def has(self, message):
        """Whether a message was taken before. ChainError if another was taken in its place."""
        held = self._held.get(message.service, [])
        if not 0 < message.sequence <= len(held):
            return False
        if held[message.sequence - 1] != message.chain_hash:
            raise ChainError("history", message, "the inbox holds another: Koppi's history is not the inbox's")
        return True

    def take(self, message, cursor):
        """Verifies a message, and has it on the disk before it returns."""
        behind = self.position.follow(message, cursor)
        self._append(message, cursor)
        self._keep(message, behind)

    def take_again(self, message):
        """Keeps a message that was a tombstone when its turn was. It has no place in the chain and moves no position."""
        intact(message)
        self._append(message, self.position.cursor)

    def _append(self, message, cursor):
        self._file.write(write_line(message, cursor))
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self):
        self._file.close()


def _sum(text):
    return hashlib.sha256(text).hexdigest()[:16].encode()


def _text(content):
    return base64.b64encode(content).decode()


def write_line(message, cursor):
    line = {"cursor": cursor, "nonce": _text(message.nonce), "record": _text(message.record)}
    if message.tombstone:
        # What is left of it, as a record: the other kits read it so.
        line = {"cursor": cursor, "record": _text(_left(message.view)), "tombstone": True}
    if message.redelivered:
        line["redelivered"] = True
    line.update(content_hash=_text(message.content_hash), chain_hash=_text(message.chain_hash))
    text = json.dumps(line, separators=(",", ":")).encode()
    return text + b" " + _sum(text) + b"\n"


def read_line(line):
    text, _, written = line.rpartition(b" ")
    if _sum(text) != written:
        raise ValueError("the line is not what was written")
    kept = json.loads(text)
    recorded = records.decode(records.CASE_MESSAGE, base64.b64decode(kept["record"]))
    view = {"contentHash": kept["content_hash"], "chainHash": kept["chain_hash"], "redelivered": kept.get("redelivered", False)}
    if kept.get("tombstone"):
        view.update(recorded)
    else:
        view.update(record=kept["record"], nonce=kept.get("nonce", ""))
        view.update((name, recorded[name]) for name in ("sequence", "service", "mailbox") if name in recorded)
    return Message(view), kept["cursor"]


def _left(view):
    """A tombstone's readable fields, serialized."""

    def varint(value):
        out = bytearray()
        while value > 0x7F:
            out.append(value & 0x7F | 0x80)
            value >>= 7
        out.append(value)
        return bytes(out)

    def text(number, value):
        content = value.encode() if isinstance(value, str) else value
        return varint(number << 3 | 2) + varint(len(content)) + content if content else b""

    def number(field, value):
        return varint(field << 3) + varint(int(value)) if int(value) else b""

    erasures = {"ERASURE_REVOKED": 1, "ERASURE_WITHDRAWN": 2, "ERASURE_ERASED": 3}
    made = text(1, view.get("messageId", "")) + text(2, view.get("service", "")) + text(3, view.get("mailbox", ""))
    made += number(4, view.get("sequence", 0)) + text(5, view.get("subject", "")) + number(6, view.get("subjectVersion", 0))
    for one in view.get("withheld", []):
        why = number(3, erasures.get(one.get("erasure"), 0))
        made += text(14, text(1, one.get("field", "")) + text(2, one.get("rule", "")) + why)
    return made
