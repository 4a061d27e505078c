"""Usage: python3 vectors.py FOLDER

Passes each test vector of the contract through the kit, and prints where it does not make of it what the vector says.
"""

import base64
import json
import pathlib
import sys

from koppi_partner import ChainError, Message, Position, intact


def made_of(messages):
    position, handed_on = Position(), []
    for at, view in enumerate(messages):
        message = Message(view)
        try:
            if message.redelivered:
                intact(message)
            else:
                position = position.follow(message)
        except ChainError as error:
            return position, handed_on, {"at": at, "check": error.check}
        handed_on.append(
            {
                "messageId": message.message_id,
                "subject": message.subject,
                "type": message.event_type,
                "value": base64.b64encode(message.event_bytes).decode(),
                "tombstone": message.tombstone,
                "redelivered": message.redelivered,
            }
        )
    return position, handed_on, None


for file in sorted(pathlib.Path(sys.argv[1]).glob("*.json")):
    vector = json.loads(file.read_text(encoding="utf-8"))
    expect = vector["expect"]
    position, handed_on, fails = made_of(vector["messages"])
    heads = {service: {"sequence": last, "chainHash": base64.b64encode(chain).decode()} for service, (last, chain) in position.heads.items()}
    blank = {"type": "", "value": "", "tombstone": False, "redelivered": False}
    want = ([{**blank, **one} for one in expect["handedOn"] or []], expect["heads"], expect.get("fails"))
    if (handed_on, heads, fails) != want:
        print(f"{file.name}: {(handed_on, heads, fails)}, want {want}")
    # An event whose type the kit knows is read of its record as JSON writes it.
    for view, one in zip(vector["messages"], handed_on):
        event = Message(view).event
        if file.stem in ("one-service", "two-services") and event != view["event"]:
            print(f"{file.name}: {event} is read of the record, and JSON has {view['event']}")
print("done")
