// Package simulation runs whole rooms, unmodified, under seeded schedules: two nodes with clocks that jump, over one log that refuses, doesn't answer and keeps
// late; streams that break and stall; people who come, vote, chat, repeat themselves and go. The log is in memory, or that of servers on a disk whose writes and
// syncs fail and whose power is cut, both nodes with it. It has tests alone.
// What people saw is checked as histories: seats, votes and numbers must be linearizable, and the log must say the same to a recount.
package simulation
