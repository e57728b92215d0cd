package eventlogtest

import "testing"

var trimChecks = []check{
	{"without a snapshot nothing goes", trimWithoutSnapshot},
	{"never above the snapshot", trimAboveSnapshot},
	{"only whole entries go", trimWholeEntries},
	{"a room without entries goes on", trimAll},
}

func trimWithoutSnapshot(t *testing.T, store Store) {
	m := newModel(t, store.Log)
	m.add(1, 2, 0, 3)
	m.trim(1000)
	m.checkAll()
}

func trimAboveSnapshot(t *testing.T, store Store) {
	m := newModel(t, store.Log)
	m.add(1, 2, 1, 3, 1)
	snapshot := m.store(2)
	m.trim(1000)
	m.checkHead(&snapshot, 3)
	for seq := uint64(1); seq <= snapshot.Seq; seq++ {
		m.checkTrimmed(seq)
	}
	m.checkRead(snapshot.Seq+1, 3)
	m.add(1)
	m.checkHead(&snapshot, 3)
	m.checkRead(snapshot.Seq+1, 3)
}

func trimWholeEntries(t *testing.T, store Store) {
	m := newModel(t, store.Log)
	m.add(2, 3, 4, 1, 1) // seqs 1-2, 3-5, 6-9, 10, 11
	snapshot := m.store(3)
	for _, step := range []struct {
		below uint64
		first int // entry that is still there
	}{
		{0, 0}, {1, 0}, {2, 0}, {3, 1}, {4, 1}, {5, 1}, {3, 1}, {6, 2}, {9, 2}, {10, 3}, {1, 3}, {11, 4},
	} {
		m.trim(step.below)
		m.checkHead(&snapshot, 4)
		first := m.kept[step.first].FirstSeq
		m.checkRead(first, step.first)
		for seq := uint64(1); seq < first; seq++ {
			m.checkTrimmed(seq)
		}
	}
}

func trimAll(t *testing.T, store Store) {
	m := newModel(t, store.Log)
	m.add(2, 0, 1, 0)
	snapshot := m.store(3)
	m.trim(1000)
	m.checkHead(&snapshot, 4)
	m.checkTrimmed(3)
	m.checkRead(4, 4)
	m.add(2, 0, 1)
	m.checkHead(&snapshot, 4)
	m.checkRead(4, 4)
	m.checkTrimmed(1)
	again := m.store(6)
	m.trim(6)
	m.checkHead(&again, 7)
	m.checkTrimmed(5)
	m.checkRead(6, 6)
}
