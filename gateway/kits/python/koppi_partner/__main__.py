"""python3 -m koppi_partner verify INBOX | verify EXPORT [SHA256_OF_ITS_MANIFEST] | endpoint PORT SECRETS_FILE INBOX"""

import base64
import os
import sys

from . import Endpoint, FileInbox
from .chain import ChainError, Position, intact
from .export import Export
from .inbox import read_line


def verify(path):
    """Verifies an inbox file of any of the kits, from its first line to its last; it only reads."""
    position, count = Position(), 0
    with open(path, "rb") as file:
        for count, line in enumerate(file, 1):
            try:
                message, cursor = read_line(line.removesuffix(b"\n"))
                if message.redelivered:
                    intact(message)
                else:
                    position = position.follow(message, cursor)
            except (ChainError, ValueError, KeyError) as error:
                sys.exit(f"{path}, line {count}: {error}")
    print(f"{path}: {count} messages, complete, in order and unchanged")


def verify_export(folder, manifest_sum=""):
    """Verifies an export, and prints a line for each finding; it only reads."""
    export = Export(folder, manifest_sum)
    for finding in export.findings:
        print(finding)
    for service, count in export.verified.items():
        sequence, chain = export.heads[service]
        print(f"{service}: {count} messages verified, of which {export.tombstones[service]} are tombstones" + (f"; chain hash of message {sequence}: {base64.b64encode(chain).decode()}" if sequence else ""))
    print(f"attachments: {export.attachments} verified; {export.missing} more are named that Koppi did not have any more")
    if export.findings:
        sys.exit(f"{folder}: {len(export.findings)} findings")
    proof = "as it was exported" if manifest_sum else f"as its manifest says, whose SHA-256 is {export.manifest_sum}"
    print(f"{folder}: complete, in order and unchanged, {proof}")


def endpoint(port, secrets_file, path):
    """Keeps what Koppi delivers in a file. SECRETS_FILE holds a secret a line."""
    with open(secrets_file, encoding="utf-8") as file:
        secrets = file.read().split()
    server = Endpoint(FileInbox(path), secrets).server("127.0.0.1", int(port))
    print("listening", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    command, arguments = (sys.argv[1:2] or [""])[0], sys.argv[2:]
    if command == "verify" and len(arguments) in (1, 2) and os.path.isdir(arguments[0]):
        verify_export(*arguments)
    elif command == "verify" and len(arguments) == 1:
        verify(*arguments)
    elif command == "endpoint" and len(arguments) == 3:
        endpoint(*arguments)
    else:
        sys.exit("usage: " + __doc__)
