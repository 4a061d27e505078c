"""python3 -m koppi_partner verify INBOX | endpoint PORT SECRETS_FILE INBOX"""

import sys

from . import Endpoint, FileInbox
from .chain import ChainError, Position, intact
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


def endpoint(port, secrets_file, path):
    """Keeps what Koppi delivers in a file. SECRETS_FILE holds a secret a line."""
    with open(secrets_file, encoding="utf-8") as file:
        secrets = file.read().split()
    server = Endpoint(FileInbox(path), secrets).server("127.0.0.1", int(port))
    print("listening", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    command, arguments = (sys.argv[1:2] or [""])[0], sys.argv[2:]
    if command == "verify" and len(arguments) == 1:
        verify(*arguments)
    elif command == "endpoint" and len(arguments) == 3:
        endpoint(*arguments)
    else:
        sys.exit("usage: " + __doc__)
