/** The protocol's messages, enums and services, as protoc-gen-es makes them from proto/singoff/v1. */
export * from "./gen/singoff/v1/room_pb.js";
export * from "./gen/singoff/v1/room_service_pb.js";
export * from "./gen/singoff/v1/music_service_pb.js";
