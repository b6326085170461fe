"""slixmpp as its users run it: what happens is printed as JSON lines; the lines `cut` and `quit` on standard input are obeyed."""
import asyncio
import json
import ssl
import sys

import slixmpp

jid, password, host, port = sys.argv[1:5]
PLUGINS = ("xep_0030", "xep_0092", "xep_0184", "xep_0198", "xep_0199", "xep_0203", "xep_0280", "xep_0352")
EVENTS = ("session_start", "session_resumed", "sm_enabled", "failed_auth", "disconnected", "stream_error")


def tell(event, **more):
    print(json.dumps({"event": event, **more}), flush=True)


class Client(slixmpp.ClientXMPP):
    ends = False

    def __init__(self):
        super().__init__(jid, password)
        self.ssl_context.check_hostname = False
        self.ssl_context.verify_mode = ssl.CERT_NONE
        for plugin in PLUGINS:
            self.register_plugin(plugin)
        for name in EVENTS:
            self.add_event_handler(name, lambda _, name=name: tell(name))
        self.add_event_handler("session_start", self.start)
        self.add_event_handler("message", self.read)
        self.add_event_handler("disconnected", self.again)

    def reach(self, _=None):
        self.connect((host, int(port)))

    async def start(self, _):
        self.send_presence()
        await self.get_roster()
        mechanism = self["feature_mechanisms"].mech.name
        contacts = [contact for contact in self.client_roster if contact != self.boundjid.bare]
        tell("online", mechanism=mechanism, contacts=contacts, jid=str(self.boundjid))

    def read(self, message):
        tell("message", id=message["id"], subject=message["subject"], body=message["body"])

    def again(self, _):
        if not self.ends:
            self.loop.call_later(0.5, self.reach)


async def obey(client):
    reader = asyncio.StreamReader()
    await client.loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := (await reader.readline()).decode().strip():
        if line == "cut":
            client.transport.abort()
        elif line == "quit":
            break
    client.ends = True
    client.disconnect()
    await asyncio.sleep(0.5)


tell("version", version=slixmpp.__version__)
client = Client()
client.reach()
client.loop.run_until_complete(obey(client))
