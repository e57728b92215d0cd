package statedir

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	singoff "github.com/singoff/singoff/clients/go"
	singoffv1 "github.com/singoff/singoff/gen/singoff/v1"
)

// formatVersion of a guest's file. A higher one is set aside like a file that can't be read.
const formatVersion = 1

// guest is a file's content. The names are there for people who look into the directory.
type guest struct {
	Version   int              `json:"version"`
	Server    string           `json:"server"`
	Namespace string           `json:"namespace"`
	Nickname  string           `json:"nickname"`
	GuestKey  []byte           `json:"guest_key"`
	Rooms     map[string]point `json:"rooms"`
}

// point is a place in a room's sequence. An epoch is 64 random bits: a string, as many JSON readers round such numbers.
type point struct {
	Epoch   uint64 `json:"epoch,string"`
	LastSeq uint64 `json:"last_seq,string"`
}

// Store keeps one guest's key and their place in one room. It is a singoff.Store.
type Store struct {
	dir  *Dir
	key  Key
	room string
}

var _ singoff.Store = (*Store)(nil)

// Store is the place of the guest and of a room's id.
func (d *Dir) Store(key Key, roomID string) *Store { return &Store{dir: d, key: key, room: roomID} }

// Path is the guest's file, whether it's there or not.
func (s *Store) Path() string { return filepath.Join(s.dir.path, s.key.file()) }

// Load gives what was kept. A guest who has no key gets one, kept before it's returned, so that two programs that start at
// once are one guest. Errors are those of the file system.
func (s *Store) Load(ctx context.Context) (singoff.Saved, error) {
	var saved singoff.Saved
	err := s.change(ctx, func(g *guest) bool {
		made := len(g.GuestKey) == 0
		if made {
			g.GuestKey = newGuestKey()
		}
		saved.GuestKey = g.GuestKey
		if p, ok := g.Rooms[s.room]; ok {
			saved.Resume = &singoffv1.Resume{Epoch: p.Epoch, LastSeq: p.LastSeq}
		}
		return made
	})
	return saved, err
}

// Save keeps the key and the place in the room; a nil Resume leaves the place as it is. Within an epoch a place never moves
// back: of two programs the one that saw more wins.
func (s *Store) Save(ctx context.Context, saved singoff.Saved) error {
	return s.change(ctx, func(g *guest) bool {
		changed := false
		if len(saved.GuestKey) > 0 && string(saved.GuestKey) != string(g.GuestKey) {
			g.GuestKey, changed = saved.GuestKey, true
		}
		if r := saved.Resume; r != nil {
			old, ok := g.Rooms[s.room]
			if !ok || old.Epoch != r.GetEpoch() || old.LastSeq < r.GetLastSeq() {
				g.Rooms[s.room], changed = point{Epoch: r.GetEpoch(), LastSeq: r.GetLastSeq()}, true
			}
		}
		return changed
	})
}

// Forget drops the place in the room, for somebody who left it: the next time begins with the room as it is then.
func (s *Store) Forget(ctx context.Context) error {
	return s.change(ctx, func(g *guest) bool {
		_, ok := g.Rooms[s.room]
		delete(g.Rooms, s.room)
		return ok
	})
}

// change reads the guest under the file's lock and writes it back if do says so.
func (s *Store) change(ctx context.Context, do func(*guest) (changed bool)) error {
	unlock, err := lock(ctx, s.Path()+".lock")
	if err != nil {
		return fmt.Errorf("the state file %s can't be locked: %w", s.Path(), err)
	}
	defer unlock()
	g, err := s.readLocked()
	if err != nil {
		return err
	}
	if !do(g) {
		return nil
	}
	return s.writeLocked(g)
}

func (s *Store) readLocked() (*guest, error) {
	c := s.key.canonical()
	empty := &guest{Version: formatVersion, Server: c.Server, Namespace: c.Namespace, Nickname: c.Nickname, Rooms: map[string]point{}}
	data, err := os.ReadFile(s.Path())
	if errors.Is(err, fs.ErrNotExist) {
		return empty, nil
	}
	if err != nil {
		return nil, fmt.Errorf("the state file can't be read: %w", err)
	}
	g, err := decode(data)
	if err != nil {
		return empty, s.setAsideLocked(err)
	}
	return g, nil
}

func decode(data []byte) (*guest, error) {
	g := &guest{}
	if err := json.Unmarshal(data, g); err != nil {
		return nil, err
	}
	switch {
	case g.Version != formatVersion:
		return nil, fmt.Errorf("its version is %d, not %d", g.Version, formatVersion)
	case len(g.GuestKey) != keyBytes:
		return nil, fmt.Errorf("guest_key has %d bytes, not %d", len(g.GuestKey), keyBytes)
	}
	if g.Rooms == nil {
		g.Rooms = map[string]point{}
	}
	return g, nil
}

func (s *Store) setAsideLocked(why error) error {
	aside := fmt.Sprintf("%s.broken-%s", s.Path(), time.Now().UTC().Format("20060102T150405.000000000"))
	if err := os.Rename(s.Path(), aside); err != nil {
		return fmt.Errorf("the state file is broken (%w) and can't be set aside: %w", why, err)
	}
	s.dir.tell(fmt.Sprintf("The state file %s is broken (%v). It is now %s, and you are a new guest.", s.Path(), why, aside))
	return nil
}

// writeLocked replaces the file as a whole: after a crash it's the old or the new one.
func (s *Store) writeLocked(g *guest) (err error) {
	data, err := json.MarshalIndent(g, "", "  ")
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(s.dir.path, s.key.file()+".new-*") // CreateTemp gives it mode 0600
	if err != nil {
		return fmt.Errorf("the state file can't be written: %w", err)
	}
	_, err = tmp.Write(append(data, '\n'))
	err = errors.Join(err, tmp.Sync(), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), s.Path())
	}
	if err != nil {
		return errors.Join(fmt.Errorf("the state file can't be written: %w", err), os.Remove(tmp.Name()))
	}
	return nil
}
