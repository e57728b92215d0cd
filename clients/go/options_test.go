package singoff

import "testing"

// What leaves the machine is encrypted unless somebody says otherwise.
func TestIsLoopback(t *testing.T) {
	t.Parallel()
	for target, want := range map[string]bool{
		"127.0.0.1:7070": true, "127.8.8.8:1": true, "localhost:7070": true, "[::1]:7070": true, "unix:/run/singoff.sock": true,
		"dns:///localhost:7070": true, "passthrough:///127.0.0.1:1": true, "::1": true,
		"singoff.example:7070": false, "10.0.0.1:7070": false, "localhost.example:1": false, "dns:///singoff.example": false,
		"0.0.0.0:7070": false, "[2001:db8::1]:7070": false,
	} {
		if got := isLoopback(target); got != want {
			t.Errorf("isLoopback(%q): got %v, want %v", target, got, want)
		}
	}
}
