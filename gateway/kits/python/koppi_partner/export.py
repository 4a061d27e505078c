"""Verifies an export (`koppi export`) without Koppi. The page "Export" of the gateway's documentation describes the format."""

import base64
import hashlib
import json
import os
import re
import stat

from .chain import BEGINNING, ChainError, Message, Position

FORMAT, VERSION = "koppi-export", 1
MANIFEST, MANIFEST_SUM, INDEX = "manifest.json", "manifest.sha256", "attachments.jsonl"
MAILBOXES, ATTACHMENTS = "mailboxes", "attachments"

_LONGEST_LINE = 16 << 20
_PART = 1 << 20
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SERVICE = re.compile(r"[a-z]{1,32}")
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z")
# What stands beside the readable fields of a line, and what a tombstone has.
_PROOF = {"record", "nonce", "contentHash", "chainHash"}
_TOMBSTONE = {"messageId", "service", "mailbox", "sequence", "subject", "subjectVersion", "withheld", "contentHash", "chainHash"}
_UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError)


class _Wrong(ValueError):
    """What is wrong with a line, without what the line says."""


class Export:
    """A folder that is verified as it is made. findings says what is wrong, a text each; it never holds content.

    manifest_sum is the SHA-256 that `koppi export` printed. With it nobody can have changed the folder since, who does not
    know a second folder of the same sum; without it the folder agrees with itself.
    """

    def __init__(self, folder, manifest_sum=""):
        self.folder, self.findings = folder, []
        # By service: how many messages are right, and how many of them are tombstones, and the last (sequence, chain hash).
        self.verified, self.tombstones, self.heads = {}, {}, {}
        self.attachments = self.missing = self._size = 0
        self.manifest_sum = ""
        self._files, self._index, self._expected = {}, {}, {MANIFEST, MANIFEST_SUM}
        try:
            self._verify(manifest_sum)
        except OSError as error:
            self._find(os.path.relpath(error.filename or folder, folder), "it cannot be read")

    def _find(self, where, problem):
        self.findings.append(f"{_printable(where)}: {problem}")

    def _verify(self, manifest_sum):
        manifest = self._manifest(manifest_sum)
        if manifest is None:
            return
        for number, line in self._lines(INDEX):
            self._index_line(f"{INDEX}, line {number}", line)
        for box in manifest["mailboxes"]:
            self._mailbox(manifest["agency"], box)
        for entry in self._index.values():
            self._attachment(entry)
        said = manifest["attachments"]
        if (said["file"], said["count"], said["sizeBytes"], said["missing"]) != (INDEX, self.attachments, self._size, self.missing):
            self._find(MANIFEST, "its numbers of attachments are not those of the folder")
        self._others()

    def _manifest(self, manifest_sum):
        """Returns the manifest, with everything in it that the verification uses; None if it cannot be used."""
        text = self._whole(MANIFEST)
        if text is None:
            return None
        self.manifest_sum = hashlib.sha256(text).hexdigest()
        written = self._whole(MANIFEST_SUM)
        if written is not None and written != f"{self.manifest_sum}  {MANIFEST}\n".encode():
            self._find(MANIFEST, f"its SHA-256 is not that in {MANIFEST_SUM}")
        if manifest_sum and manifest_sum.strip().lower() != self.manifest_sum:
            self._find(MANIFEST, "its SHA-256 is not the given one")
        try:
            manifest = _object(text)
            if (manifest["format"], manifest["version"]) != (FORMAT, VERSION):
                self._find(MANIFEST, f"it is not of version {VERSION} of the format: use the kit of the gateway that was exported")
                return None
            self._files = {str(one["name"]): (int(one["sizeBytes"]), str(one["sha256"])) for one in manifest["files"]}
            boxes = [str(box["service"]) for box in manifest["mailboxes"]]
            for box in manifest["mailboxes"]:
                _ = int(box["sequence"]), int(box["tombstones"]), _bytes(box["chainHash"])
            _ = [manifest["attachments"][name] for name in ("file", "count", "sizeBytes", "missing")]
            _ = manifest["agency"] + manifest["exporter"] + manifest["begunAt"] + manifest["endedAt"] + manifest["gateway"]["version"]
            names = sorted([INDEX] + [_file_of(service) for service in boxes])
            right = all(_SERVICE.fullmatch(service) for service in boxes) and [one["name"] for one in manifest["files"]] == names
            right = right and [box["file"] for box in manifest["mailboxes"]] == [_file_of(service) for service in boxes]
        except _UNREADABLE:
            right = False
        if not right:
            self._find(MANIFEST, "it is not the manifest of an export")
            return None
        self._expected.update(names)
        return manifest

    def _open(self, name):
        """Opens a file of the export; None if it is not there. What is no plain file is never opened."""
        path = os.path.join(self.folder, *name.split("/"))
        try:
            if stat.S_ISREG(os.lstat(path).st_mode):
                return open(path, "rb")
        except FileNotFoundError:
            pass
        self._find(name, "the file is missing")
        return None

    def _whole(self, name):
        file = self._open(name)
        if file is None:
            return None
        with file:
            return file.read(_LONGEST_LINE)

    def _lines(self, name):
        """Yields the lines of a file with their numbers, and compares its size and SHA-256 with the manifest."""
        file = self._open(name)
        if file is None:
            return
        sums, size = hashlib.sha256(), 0
        with file:
            for number, line in enumerate(iter(lambda: file.readline(_LONGEST_LINE), b""), 1):
                sums.update(line)
                size += len(line)
                yield number, line
        if self._files[name] != (size, sums.hexdigest()):
            self._find(name, "it is not the file that was exported: its size or SHA-256 is another")

    def _index_line(self, where, line):
        try:
            entry = _object(line)
            known = entry["attachmentId"], entry["sha256"], int(entry["sizeBytes"]), entry["service"], int(entry["sequence"]), bool(entry.get("missing"))
            if not _ID.fullmatch(known[0]) or known[0] in self._index:
                raise _Wrong
            self._index[known[0]] = {**entry, "named": False}
        except _UNREADABLE:
            self._find(where, "it is no entry of an attachment, or the second of one")

    def _mailbox(self, agency, box):
        service, name = box["service"], _file_of(box["service"])
        position, lines, right, tombstones = Position(), 0, 0, 0
        for lines, line in self._lines(name):
            where = f"{name}, line {lines}"
            try:
                message = Message(_object(line))
                if (message.service, message.mailbox) != (service, agency):
                    raise _Wrong("it is of another mailbox")
                # What follows is compared with this message, whether it is right or not.
                before, position = position, Position(heads={service: (message.sequence, message.chain_hash)})
                before.follow(message)
                if not _is_shown(message):
                    raise _Wrong("its readable fields are not those of its record")
                right += 1
                tombstones += message.tombstone
                for attachment in _attachments_in(message.content.get("event")):
                    self._names(where, message, attachment)
            except (ChainError, _Wrong) as error:
                self._find(where, error)
            except _UNREADABLE:
                self._find(where, "it cannot be read")
        last, chain = position.heads.get(service, (0, BEGINNING))
        self.verified[service], self.tombstones[service], self.heads[service] = right, tombstones, (last, chain)
        if (lines, last, tombstones, chain) != (box["sequence"], box["sequence"], box["tombstones"], _bytes(box["chainHash"])):
            self._find(name, f"it is not the mailbox that {MANIFEST} describes: its length, tombstones or last hash are others")

    def _names(self, where, message, attachment):
        """Compares what a message says of an attachment with the index."""
        entry = self._index.get(attachment["attachmentId"])
        if entry is None:
            self._find(where, f"it names an attachment that is not in {INDEX}")
            return
        if (message.service, message.sequence) == (entry["service"], entry["sequence"]):
            entry["named"] = True
        said = [attachment.get(name) or "" for name in ("filename", "mediaType", "paperKind")]
        said += [attachment.get("sizeBytes", 0), _bytes(attachment.get("sha256", "")).hex()]
        if said != [entry.get(name) or "" for name in ("filename", "mediaType", "paperKind")] + [entry["sizeBytes"], entry["sha256"]]:
            self._find(where, f"it says something else of an attachment than {INDEX}")

    def _attachment(self, entry):
        name = f"{ATTACHMENTS}/{entry['attachmentId']}"
        if not entry["named"]:
            self._find(INDEX, f"no message names {entry['attachmentId']} where it says so")
        if entry.get("missing"):
            self.missing += 1
            return
        self._expected.add(name)
        file = self._open(name)
        if file is None:
            return
        sums, size = hashlib.sha256(), 0
        with file:
            for part in iter(lambda: file.read(_PART), b""):
                sums.update(part)
                size += len(part)
        if (size, sums.hexdigest()) != (entry["sizeBytes"], entry["sha256"]):
            self._find(name, "it is not the attachment that was exported: its size or SHA-256 is another")
            return
        self.attachments += 1
        self._size += size

    def _others(self):
        """Finds what is in the folder and not in the export."""

        def fail(error):
            raise error

        for folder, folders, files in os.walk(self.folder, onerror=fail):
            inner = os.path.relpath(folder, self.folder).replace(os.sep, "/")
            names = {name if inner == "." else f"{inner}/{name}" for name in files + folders}
            for name in sorted(names - self._expected - {MAILBOXES, ATTACHMENTS}):
                self._find(name, "it is not part of the export")


def _file_of(service):
    return f"{MAILBOXES}/{service}.jsonl"


def _printable(name):
    return name.encode("unicode_escape").decode()


def _bytes(text):
    return base64.b64decode(text, validate=True)


def _object(text):
    """The object in a text in JSON that ends with the end of its line."""
    if not text.endswith(b"\n"):
        raise _Wrong("it is cut off")
    made = json.loads(text)
    if not isinstance(made, dict):
        raise _Wrong("it is no object")
    return made


def _is_shown(message):
    """Whether the readable fields of a line are those of its record; of a tombstone, whether it has no others than a tombstone."""
    view = message.view
    if message.tombstone:
        return view.keys() <= _TOMBSTONE
    recorded = dict(message.content)
    shown = {name: value for name, value in view.items() if name not in _PROOF}
    event = shown.get("event")
    if isinstance(event, dict) and event.keys() == {"@type", "value"}:
        # The program that exported did not know the type.
        if (event["@type"], _bytes(event["value"])) != (message.event_type, message.event_bytes):
            return False
        shown.pop("event"), recorded.pop("event")
    return _same(shown, recorded)


def _same(shown, recorded):
    """Whether a value in JSON is that of a record. A later version's fields, which this kit does not know, are not compared."""
    if isinstance(recorded, dict):
        known = {str(name): value for name, value in recorded.items() if name != "unknown"}
        if not isinstance(shown, dict) or not known.keys() <= shown.keys() or shown.keys() != known.keys() and "unknown" not in recorded:
            return False
        return all(_same(shown[name], value) for name, value in known.items())
    if isinstance(recorded, list):
        return isinstance(shown, list) and len(shown) == len(recorded) and all(map(_same, shown, recorded))
    if recorded is None:
        return not shown
    if isinstance(recorded, bool) or isinstance(shown, bool):
        return shown is recorded
    if isinstance(recorded, int):
        return str(shown) == str(recorded)
    return shown == recorded or isinstance(recorded, str) and _moment(shown) is not None and _moment(shown) == _moment(recorded)


def _moment(text):
    """A time as seconds and microseconds: JSON may write more digits, and fewer."""
    found = _TIME.fullmatch(text) if isinstance(text, str) else None
    return found and (found[1], (found[2] or "")[:6].rstrip("0"))


def _attachments_in(value):
    """The attachments that an event names, at any depth."""
    if isinstance(value, dict):
        if "attachmentId" in value:
            yield value
            return
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from _attachments_in(one)
