// Join by @improbable-eng/grpc-web with its websocket transport.
import grpcweb from "@improbable-eng/grpc-web";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { WebSocket } from "ws";
import { address, ended, JoinRequest, JoinResponse, received, requests } from "./lines.mjs";

globalThis.WebSocket = WebSocket; // as browsers have it

const { grpc } = grpcweb;

// What its generator would make of the protocol.
const join = {
  methodName: "Join",
  service: { serviceName: "singoff.v1.RoomService" },
  requestStream: true,
  responseStream: true,
  requestType: { serializeBinary: () => toBinary(JoinRequest, create(JoinRequest)) },
  responseType: { deserializeBinary: (bytes) => fromBinary(JoinResponse, bytes) },
};

const client = grpc.client(join, { host: address, transport: grpc.WebsocketTransport() });
client.onMessage((message) => received(message));
client.onEnd((code, message) => {
  ended(code, message);
  process.exit(0);
});
client.start(new grpc.Metadata());
for await (const request of requests()) {
  client.send({ serializeBinary: () => toBinary(JoinRequest, request), toObject: () => ({}) });
}
client.finishSend();
