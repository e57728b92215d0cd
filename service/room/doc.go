// Package room runs rooms: each has one goroutine that takes what its connections ask for, lets the engine decide it, has it
// appended to the log, and only then tells it. What is told goes into the room's ring, from which every connection's own sender
// takes it at its own pace, so that nobody waits for anybody. A Manager holds the rooms of a process, a Conn is one open stream.
package room
