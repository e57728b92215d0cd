//go:build !unix

package tui

import tea "charm.land/bubbletea/v2"

// suspend does nothing where programs can't be stopped from a terminal.
func suspend() tea.Cmd { return nil }
