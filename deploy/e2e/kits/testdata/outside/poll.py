"""Usage: python3 poll.py ADDRESS TOKEN_FILE INBOX"""

import pathlib
import sys

from koppi_partner import Client, FileInbox

address, token_file, inbox = sys.argv[1:]
Client(address, lambda: pathlib.Path(token_file).read_text().strip()).poll(FileInbox(inbox), "python-poll")
