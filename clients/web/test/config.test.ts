import { expect, test } from "vitest";
import { parseConfig } from "@/shell/config";

const none = { share: "", version: "" };

test.each([
  ["what the server fills in", '{"share":"http://192.168.0.5:8080/","version":"v1"}', { share: "http://192.168.0.5:8080/", version: "v1" }],
  ["a field that isn't text", '{"share":5,"version":"v1"}', { ...none, version: "v1" }],
  ["not filled", "{{.Config}}", none],
  ["null", "null", none],
  ["no such element", undefined, none],
])("%s", (_, text, want) => {
  expect(parseConfig(text)).toEqual(want);
});
