import { expect, inject, test } from "vitest";
import { WebSocket } from "ws";
import { Client, Role, Vote_Choice } from "../../src/index.js";

for (const transport of ["websocket", "fetch"] as const) {
  test(`a battle over ${transport}`, async () => {
    const options = { baseUrl: inject("baseUrl"), transport, WebSocket };
    const mina = new Client(options).join({ title: `Smoke ${transport}`, nickname: "Mina", role: Role.SINGER });
    const jun = new Client(options).join({ title: `Smoke ${transport}`, nickname: "Jun", role: Role.WATCHER });
    await Promise.all([mina.ready(), jun.ready()]);
    const said = await mina.say("hi");
    expect(said.body).toMatchObject({ case: "chatMessage", value: { text: "hi", nickname: "Mina" } });
    await jun.vote(mina.state.selfId, Vote_Choice.UP);
    expect(jun.state.tally(mina.state.selfId)?.upGuests).toBe(1);
    expect(jun.state.ownVote(mina.state.selfId)).toBe(Vote_Choice.UP);
    expect(jun.state.title).toBe(`Smoke ${transport}`);
    const { tracks } = await new Client(options).music.listTracks({});
    await mina.pick(tracks[0]?.track?.trackId ?? "");
    await mina.start();
    expect(mina.state.nowPlaying?.track?.trackId).toBe(tracks[0]?.track?.trackId);
    const rooms = await new Client(options).rooms.list();
    expect(rooms.rooms.map((room) => room.title)).toContain(`Smoke ${transport}`);
    await mina.leave();
    expect(mina.connection).toMatchObject({ phase: "ended", end: "left" });
    jun.close();
  });
}
