import { Client, Rejected, Role, Vote_Choice } from "@singoff/client";

const client = new Client({ baseUrl: "http://127.0.0.1:8080" });
const room = client.join({ title: "Friday battle", nickname: "Mina", role: Role.WATCHER });

room.on("connection", ({ phase, retryAt, recovery }) => { console.log(phase, retryAt, recovery?.kind); });
room.on("event", ({ event, kind }) => {
  if (kind === "live" && event.body.case === "chatMessage") {
    console.log(`${event.body.value.nickname}: ${event.body.value.text}`);
  }
});

const { members } = await room.ready();
const singer = members.find((member) => member.role === Role.SINGER);
try {
  await room.say("hello, all");
  if (singer) await room.vote(singer.memberId, Vote_Choice.UP);
} catch (error) {
  if (error instanceof Rejected) console.log(error.field, error.message);
}
await room.leave();
