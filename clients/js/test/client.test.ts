import { create, toBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { Client, ListTracksResponseSchema } from "../src/index.js";
import { fakeServer, frame, trailers } from "./transport/server.js";

// What was played lately, and the addresses of songs, are a namespace's own.
test.each([["club"], [undefined]])("calls for songs say their namespace: %s", async (namespace) => {
  const said: unknown[] = [];
  const { baseUrl } = await fakeServer({
    http: (request, response) => {
      said.push(request.headers["singoff-namespace"]);
      response.writeHead(200, { "content-type": "application/grpc-web+proto" });
      response.end(Buffer.concat([frame(0, toBinary(ListTracksResponseSchema, create(ListTracksResponseSchema, { totalSize: 3 }))), trailers(0)]));
    },
  });
  const { totalSize } = await new Client({ baseUrl, namespace }).music.listTracks({});
  expect(totalSize).toBe(3);
  expect(said).toEqual([namespace ?? "default"]);
});
