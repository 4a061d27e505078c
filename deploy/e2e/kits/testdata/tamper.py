"""Usage: python3 tamper.py FOLDER SUM

Changes a copy of an export in many ways, one after the other, and prints each that the verifier does not find.
"""

import base64
import hashlib
import json
import os
import pathlib
import shutil
import sys
import tempfile

from koppi_partner.export import Export

original, manifest_sum = pathlib.Path(sys.argv[1]), sys.argv[2]
copy = pathlib.Path(tempfile.mkdtemp()) / "copy"


def fresh():
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(original, copy)


def found(what, expected, with_sum=""):
    findings = Export(str(copy), with_sum).findings
    if not any(expected in finding for finding in findings):
        print(f"{what}: {findings}, want {expected!r}")


def lines(name):
    return (copy / name).read_bytes().splitlines(keepends=True)


def changed(name, change):
    """Changes the lines of a file."""
    all = lines(name)
    change(all)
    (copy / name).write_bytes(b"".join(all))


def rewritten(name, at, change):
    """Changes one object of a file of lines."""

    def one(all):
        view = json.loads(all[at])
        change(view)
        all[at] = json.dumps(view, separators=(",", ":")).encode() + b"\n"

    changed(name, one)


def summed(change=lambda manifest: None):
    """Writes the manifest again, so that the folder agrees with itself: what somebody does who falsifies with care."""
    manifest = json.loads((copy / "manifest.json").read_bytes())
    for file in manifest["files"]:
        text = (copy / file["name"]).read_bytes()
        file.update(sizeBytes=len(text), sha256=hashlib.sha256(text).hexdigest())
    change(manifest)
    text = json.dumps(manifest, indent=2).encode() + b"\n"
    (copy / "manifest.json").write_bytes(text)
    (copy / "manifest.sha256").write_text(hashlib.sha256(text).hexdigest() + "  manifest.json\n")


def flipped(name):
    """Each byte of a file, or every n-th of a large one, is changed by a bit."""
    path = copy / name
    whole = path.read_bytes()
    step = max(1, len(whole) // 60)
    for at in [*range(0, len(whole), step), len(whole) - 1]:
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        if not Export(str(copy)).findings:
            print(f"byte {at} of {name} is changed")
    path.write_bytes(whole)


fresh()
if Export(str(copy)).findings or Export(str(copy), manifest_sum).findings:
    print("the export itself:", Export(str(copy), manifest_sum).findings)
summed()
if Export(str(copy)).findings:
    print("the manifest written again:", Export(str(copy)).findings)

fresh()
names = sorted(str(path.relative_to(copy)) for path in copy.rglob("*") if path.is_file())
for name in names:
    if (copy / name).stat().st_size:
        flipped(name)

concerns = "mailboxes/concern.jsonl"
views = [json.loads(line) for line in lines(concerns)]
whole = next(at for at, view in enumerate(views) if view.get("record"))
tombstone = next(at for at, view in enumerate(views) if not view.get("record"))
attachment = next(name for name in names if name.startswith("attachments/"))
attachment_id = attachment.partition("/")[2]
indexed = next(at for at, line in enumerate(lines("attachments.jsonl")) if attachment_id.encode() in line)


def swap(all):
    all[0], all[1] = all[1], all[0]


plain = {
    "a line is removed": lambda: changed(concerns, lambda all: all.pop(1)),
    "the last line is removed": lambda: changed(concerns, lambda all: all.pop()),
    "two lines are swapped": lambda: changed(concerns, swap),
    "a line is doubled": lambda: changed(concerns, lambda all: all.insert(1, all[0])),
    "a line is no JSON": lambda: changed(concerns, lambda all: all.insert(1, b"[" * 100000 + b"\n")),
    "a line is no message": lambda: changed(concerns, lambda all: all.insert(1, b'{"record": 1, "event": 2, "sequence": []}\n')),
    "a file is added": lambda: (copy / "notes.txt").write_text("x"),
    "a mailbox is added": lambda: (copy / "mailboxes" / "other.jsonl").write_text(""),
    "an attachment is added": lambda: (copy / "attachments" / "01980000-0000-7000-8000-000000000000").write_text("x"),
    "a folder is added": lambda: (copy / "attachments" / "more").mkdir(),
    "a link is added": lambda: os.symlink("/", copy / "root"),
    "an attachment is removed": lambda: (copy / attachment).unlink(),
    "an attachment is a link": lambda: ((copy / attachment).unlink(), os.symlink(original / attachment, copy / attachment)),
    "an attachment is cut off": lambda: os.truncate(copy / attachment, 100),
    "a mailbox is removed": lambda: (copy / concerns).unlink(),
    "the index is removed": lambda: (copy / "attachments.jsonl").unlink(),
    "the sum of the manifest is removed": lambda: (copy / "manifest.sha256").unlink(),
    "the manifest is removed": lambda: (copy / "manifest.json").unlink(),
    "the manifest is no JSON": lambda: (copy / "manifest.json").write_text("{"),
    "the manifest names a file elsewhere": lambda: summed(lambda m: m["files"].append({"name": "../x", "sizeBytes": 1, "sha256": ""})),
    "the manifest has another version": lambda: summed(lambda m: m.update(version=2)),
}
for what, change in plain.items():
    fresh()
    change()
    found(what, "")


def record(view):
    content = bytearray(base64.b64decode(view["record"]))
    content[-1] ^= 1
    view["record"] = base64.b64encode(content).decode()


def shorter(manifest):
    box = next(box for box in manifest["mailboxes"] if box["service"] == "concern")
    box.update(sequence=len(views) - 1, chainHash=views[-2]["chainHash"])


def other_content():
    (copy / attachment).write_bytes(b"other")
    rewritten("attachments.jsonl", indexed, lambda entry: entry.update(sizeBytes=5, sha256=hashlib.sha256(b"other").hexdigest()))


careful = {
    "a record": (lambda: rewritten(concerns, whole, record), "its record is not what was hashed"),
    "a readable field": (lambda: rewritten(concerns, whole, lambda view: view["event"].update(description="x")), "readable fields"),
    "a readable field is removed": (lambda: rewritten(concerns, whole, lambda view: view.pop("from")), "readable fields"),
    "a readable field is added": (lambda: rewritten(concerns, whole, lambda view: view["event"].update(note="x")), "readable fields"),
    "a tombstone has content": (lambda: rewritten(concerns, tombstone, lambda view: view.update(status={})), "readable fields"),
    "a hash": (lambda: rewritten(concerns, tombstone, lambda view: view.update(contentHash=views[whole]["contentHash"])), "does not follow"),
    "another mailbox": (lambda: rewritten(concerns, tombstone, lambda view: view.update(mailbox="other")), "another mailbox"),
    "a removed line": (lambda: changed(concerns, lambda all: all.pop(1)), "it comes after message 1"),
    "swapped lines": (lambda: changed(concerns, swap), "it comes after message"),
    "the last line": (lambda: changed(concerns, lambda all: all.pop()), "its length"),
    "an attachment": (other_content, "something else of an attachment"),
    "an attachment's name": (lambda: rewritten("attachments.jsonl", indexed, lambda entry: entry.update(filename="x")), "something else of an attachment"),
    "an attachment of another message": (lambda: rewritten("attachments.jsonl", indexed, lambda entry: entry.update(sequence=99)), "no message names"),
    "an attachment is missing": (lambda: (rewritten("attachments.jsonl", indexed, lambda entry: entry.update(missing=True)), (copy / attachment).unlink()), "numbers of attachments"),
    "an attachment is forgotten": (lambda: (changed("attachments.jsonl", lambda all: all.pop(indexed)), (copy / attachment).unlink()), "not in attachments.jsonl"),
}
for what, (change, expected) in careful.items():
    fresh()
    change()
    summed()
    found(what, expected)
    found(what, "not the given one", manifest_sum)

# Who also shortens the mailbox in the manifest is found by the sum alone.
fresh()
changed(concerns, lambda all: all.pop())
summed(shorter)
if Export(str(copy)).findings:
    print("a shorter mailbox does not agree with itself:", Export(str(copy)).findings)
found("a shorter mailbox", "not the given one", manifest_sum)
shutil.rmtree(copy.parent)
print("done")
