// Watch and Send by connect-web, over fetch.
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";
import { create } from "@bufbuild/protobuf";
import { address, ended, JoinRequest, received, requests, service } from "./lines.mjs";

const client = createClient(service, createGrpcWebTransport({ baseUrl: address }));

let connectionId;
let number = 0n;
let line = Promise.resolve(); // one Send at a time

function send(...commands) {
  line = line.then(async () => {
    while (commands.length > 0) {
      const answer = await client.send({ connectionId, send: ++number, commands });
      commands = commands.slice(answer.taken);
    }
  });
  return line;
}

async function watch(hello) {
  for await (const message of client.watch({ hello })) {
    if (message.events.length === 0) {
      void send(create(JoinRequest, { command: { case: "ping", value: {} } })); // a sign of life is answered
      continue;
    }
    for (const event of message.events) {
      if (event.body.case === "welcome") {
        connectionId = event.body.value.connectionId;
        welcomed();
      }
    }
    received(message, service.method.watch.output);
  }
}

let welcomed;
const joined = new Promise((resolve) => (welcomed = resolve));
const input = requests();
const first = (await input.next()).value;
const end = watch(first.command.value).then(
  () => ended(0, ""),
  (cause) => {
    const error = ConnectError.from(cause);
    ended(error.code ?? Code.Unknown, error.rawMessage);
  },
);
void end.then(() => process.exit(0));
await joined;
for await (const request of input) {
  await send(request);
}
