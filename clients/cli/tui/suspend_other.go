//go:build !unix

package tui

import tea "charm.land/bubbletea/v2"

// suspend is nil: programs can't be stopped from a terminal here.
func suspend() tea.Cmd { return nil }
