// Join by @grpc/grpc-js.
import { credentials, makeGenericClientConstructor } from "@grpc/grpc-js";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { address, ended, JoinRequest, JoinResponse, received, requests } from "./lines.mjs";

const RoomService = makeGenericClientConstructor({
  join: {
    path: "/singoff.v1.RoomService/Join",
    requestStream: true,
    responseStream: true,
    requestSerialize: (message) => Buffer.from(toBinary(JoinRequest, message)),
    requestDeserialize: (bytes) => fromBinary(JoinRequest, bytes),
    responseSerialize: (message) => Buffer.from(toBinary(JoinResponse, message)),
    responseDeserialize: (bytes) => fromBinary(JoinResponse, bytes),
  },
});

const stream = new RoomService(address, credentials.createInsecure()).join();
stream.on("data", (message) => received(message));
stream.on("error", () => {}); // the status tells
stream.on("status", ({ code, details }) => {
  ended(code, details);
  process.exit(0);
});
for await (const request of requests()) {
  stream.write(request);
}
stream.end();
