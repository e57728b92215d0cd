import { Client, Role, type Room } from "../../clients/js/src/index.ts";

/** Lets people sit down in a room without a page each: they are in the test's own process, over fetch. */
export async function sit(url: string, roomId: string, people: Record<string, Role>): Promise<Map<string, Room>> {
  const rooms = new Map<string, Room>();
  for (const [nickname, role] of Object.entries(people)) {
    const room = new Client({ baseUrl: url, transport: "fetch" }).join({ roomId, nickname, role });
    await room.ready();
    rooms.set(nickname, room);
  }
  return rooms;
}

/** The id of the track with this title. */
export async function trackId(url: string, title: string): Promise<string> {
  const { tracks } = await new Client({ baseUrl: url }).music.listTracks({ query: title });
  const id = tracks.find((t) => t.track?.title === title)?.track?.trackId;
  if (id === undefined) {
    throw new Error(`no track "${title}"`);
  }
  return id;
}
